// Runs every check of the repository, one after the other. If one fails, the others still run.
// `node tools/check.mjs lint unit` runs only these two.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bin, root, run } from "./bootstrap.mjs";
import { lineOf, verdict } from "./verdict.mjs";

const reports = join(root, ".reports");
const vitest = (name, ...args) => [
  bin("vitest"),
  ["run", ...args, "--reporter=dot", "--reporter=json", `--outputFile.json=${join(reports, `${name}.vitest.json`)}`],
];

/** Commands by name. A check that runs vitest writes its JSON report; any other check counts as one test. */
const checks = {
  manifests: [process.execPath, ["tools/manifests.mjs"]],
  "options-docs": [bin("tsx"), ["tools/options-docs/index.ts"]],
  lint: [bin("biome"), ["lint", "--error-on-warnings"]],
  format: [bin("biome"), ["format"]],
  typecheck: [bin("tsc"), ["-p", "tsconfig.json"]],
  // Published sources must declare the type of every export.
  declarations: [bin("tsc"), ["-p", "tsconfig.src.json"]],
  build: [bin("turbo"), ["run", "build", "--concurrency=2", "--output-logs=errors-only"]],
  packaging: [process.execPath, ["tools/packaging.mjs"]],
  budgets: [bin("tsx"), ["tools/budgets.ts"]],
  // Dependencies are not checked: recipes and benches name packages as strings, and knip would report these as unused.
  knip: [bin("knip"), ["--include", "files,exports,types,unlisted,unresolved", "--no-config-hints"]],
  unit: vitest("unit"),
  browser: vitest("browser", "--config", "vitest.browser.config.ts"),
  suites: [bin("pnpm"), ["--filter", "@graftjs/backend-wasm", "run", "suites"]],
  native: [bin("pnpm"), ["--filter", "@graftjs/backend-node", "run", "native-ci"]],
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in checks));
if (unknown.length > 0) {
  console.error(`No check is named ${unknown.join(", ")}. Choose from: ${Object.keys(checks).join(", ")}.`);
  process.exit(2);
}
if (wanted.length === 0) rmSync(reports, { recursive: true, force: true });
mkdirSync(reports, { recursive: true });

const results = [];
for (const [name, [command, args]] of Object.entries(checks)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(`\n── ${name} ${"─".repeat(70 - name.length)}`);
  const start = performance.now();
  const code = run(command, args, { tolerate: true, env: { TURBO_TELEMETRY_DISABLED: "1", NO_UPDATE_NOTIFIER: "1" } });
  results.push(verdict(name, code, Math.round((performance.now() - start) / 100) / 10));
}
writeFileSync(join(reports, "checks.json"), `${JSON.stringify(results, null, 2)}\n`);
console.log();
for (const result of results) console.log(lineOf(result));
process.exitCode = results.every(({ ok }) => ok) ? 0 : 1;

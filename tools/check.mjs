// Runs every check of the repository. If one fails, the others still run. Checks that use one core run two at a time.
// `node tools/check.mjs lint unit` runs only these two.
import { spawn } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { bin, root } from "./bootstrap.mjs";
import { runInLanes } from "./lanes.mjs";
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
  prose: [bin("tsx"), ["tools/prose/index.ts"]],
  lint: [bin("biome"), ["lint", "--error-on-warnings"]],
  format: [bin("biome"), ["format"]],
  typecheck: [bin("tsc"), ["-p", "tsconfig.json"]],
  // Published sources must declare the type of every export. `typecheck` has checked the types themselves.
  declarations: [bin("tsc"), ["-p", "tsconfig.src.json", "--noCheck"]],
  budgets: [bin("tsx"), ["tools/budgets.ts"]],
  // Dependencies are not checked: recipes and benches name packages as strings, and knip would report these as unused.
  knip: [bin("knip"), ["--include", "files,exports,types,unlisted,unresolved", "--no-config-hints"]],
  build: [bin("turbo"), ["run", "build", "--concurrency=2", "--output-logs=errors-only"]],
  packaging: [process.execPath, ["tools/packaging.mjs"]],
  suites: [bin("pnpm"), ["--filter", "@graftjs/backend-wasm", "run", "suites"]],
  native: [bin("pnpm"), ["--filter", "@graftjs/backend-node", "run", "native-ci"]],
  unit: vitest("unit"),
  browser: vitest("browser", "--config", "vitest.browser.config.ts"),
};
/** Checks that use all cores themselves. They run alone, and their output is shown while they run. */
const ALONE = ["build", "unit", "browser"];

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in checks));
if (unknown.length > 0) {
  console.error(`No check is named ${unknown.join(", ")}. Choose from: ${Object.keys(checks).join(", ")}.`);
  process.exit(2);
}
if (wanted.length === 0) rmSync(reports, { recursive: true, force: true });
mkdirSync(reports, { recursive: true });

const jobs = Object.keys(checks)
  .filter((name) => wanted.length === 0 || wanted.includes(name))
  .map((name) => ({ name, lanes: ALONE.includes(name) ? 2 : 1 }));
const results = await runInLanes(jobs, availableParallelism() > 1 ? 2 : 1, start);
writeFileSync(join(reports, "checks.json"), `${JSON.stringify(results, null, 2)}\n`);
console.log();
for (const result of results) console.log(lineOf(result));
process.exitCode = results.every(({ ok }) => ok) ? 0 : 1;

/** Runs a check. If it shares the cores with another one, its output is printed when it ends. */
function start({ name, lanes }) {
  const [command, args] = checks[name];
  const header = `\n── ${name} ${"─".repeat(70 - name.length)}`;
  const shown = lanes > 1 || jobs.length === 1;
  if (shown) console.log(header);
  const began = performance.now();
  const child = spawn(command, args, {
    cwd: root,
    stdio: shown ? "inherit" : ["ignore", "pipe", "pipe"],
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: "1", NO_UPDATE_NOTIFIER: "1" },
  });
  const output = [];
  child.stdout?.on("data", (chunk) => output.push(chunk));
  child.stderr?.on("data", (chunk) => output.push(chunk));
  child.on("error", ({ message }) => console.error(`${command} did not start: ${message}`));
  return new Promise((resolve) => {
    child.on("close", (code) => {
      const text = Buffer.concat(output).toString().trimEnd();
      if (!shown) console.log(`${header}\n${text}`);
      // The end of a long log is all that some readers see, so `tally.mjs` repeats what a failed check printed.
      const kept = join(reports, `${name}.log`);
      rmSync(kept, { force: true });
      if (!shown && code !== 0) writeFileSync(kept, text);
      resolve(verdict(name, code ?? 1, Math.round((performance.now() - began) / 100) / 10));
    });
  });
}

// Holds the promises that every package's manifest makes.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./bootstrap.mjs";

const problems = [];
const examplesNeeded = (name) => !["core", "testing", "cli"].includes(name) && !name.startsWith("create-");
const packages = readdirSync(join(root, "packages")).filter((name) =>
  existsSync(join(root, "packages", name, "package.json")),
);

for (const name of packages) {
  const folder = join(root, "packages", name);
  const m = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const check = (ok, what) => ok || problems.push(`packages/${name}: ${what}`);
  check(m.name === `@graftjs/${name}` || m.name === name, `is named ${m.name}, not after its folder`);
  check(m.sideEffects === false, "sideEffects must be false");
  check(m.type === "module" && m.license === "MIT" && m.description, "type module, licence MIT and a description");
  check(m.repository?.directory === `packages/${name}`, "repository.directory must be its folder");
  check(m.publishConfig?.access === "public" && m.publishConfig.exports, "publishConfig with access and exports");
  check(m.exports?.["./package.json"], "exports ./package.json");
  check(sameKeys(m.exports, m.publishConfig?.exports), "exports and publishConfig.exports must have the same entries");
  for (const file of ["README.md", "LICENSE"]) check(existsSync(join(folder, file)), `has no ${file}`);
  check(existsSync(join(folder, "test")), "has no tests");
  const dependencies = Object.keys(m.dependencies ?? {});
  const others = [...dependencies, ...Object.keys(m.peerDependencies ?? {})].filter((d) => d.startsWith("@graftjs/"));
  check(!dependencies.includes("@graftjs/core") || name === "cli", "core is a peer, never a dependency");
  check(!dependencies.some((d) => d.startsWith("@tensorflow/")), "tfjs is a peer, never a dependency");
  // The data package implements kinds of plugins that the tuner declares, blocks makes models for it, lora reads files with it,
  // mpi makes collectives for it, and presets calls it.
  const ofTuner = ["data", "blocks", "lora", "mpi", "presets"].includes(name);
  const beside = name.startsWith("backend-") ? ["@graftjs/backend"] : ofTuner ? ["@graftjs/tuner"] : [];
  // The presets put parts of these packages together.
  const composed = name === "presets" ? ["@graftjs/frozen-bn", "@graftjs/gradient-surgery"] : [];
  // The studio is a whole app as a component, so it knows the packages that it is made of.
  const parts = name === "studio" ? ["@graftjs/backend", "@graftjs/frozen-bn", "@graftjs/tuner"] : [];
  const known = ["@graftjs/core", ...beside, ...composed, ...parts];
  check(
    /^(cli|create-)/.test(name) || others.every((d) => known.includes(d)),
    `knows other plugins: ${others.join(", ")}`,
  );
  check(name !== "core" || dependencies.length === 0, "core has no runtime dependency");
  if (examplesNeeded(name))
    check(existsSync(join(root, "examples", name, "package.json")), `examples/${name} is missing`);
}

const changesets = readdirSync(join(root, ".changeset")).filter((file) => file.endsWith(".md"));
const covered = changesets.map((file) => readFileSync(join(root, ".changeset", file), "utf8")).join("\n");
for (const name of packages) {
  if (
    !existsSync(join(root, "packages", name, "CHANGELOG.md")) &&
    ![`"@graftjs/${name}"`, `"${name}"`].some((quoted) => covered.includes(quoted))
  ) {
    problems.push(`packages/${name}: neither a CHANGELOG.md nor a changeset`);
  }
}

for (const problem of problems) console.error(problem);
console.log(`${packages.length} manifests, ${problems.length} problem(s)`);
process.exitCode = problems.length > 0 ? 1 : 0;

function sameKeys(a = {}, b = {}) {
  return Object.keys(a).sort().join() === Object.keys(b).sort().join();
}

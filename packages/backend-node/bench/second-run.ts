/**
 * Measures `install` on a machine with an install: without changes, and without the record of the last verification. The command is
 * bundled first, like the published one. Writes second-run.json.
 */
import { spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { cacheFolder, installFolder } from "../src/install/cache.ts";
import { targetFor } from "../src/install/target.ts";
import { WHEELS } from "../src/install/wheels.ts";

const RUNS = 10;
const root = join(import.meta.dirname, "..");
const outfile = join(root, "dist", "second-run.mjs");
await build({
  entryPoints: [join(root, "src/bin.ts")],
  outfile,
  bundle: true,
  platform: "node",
  format: "esm",
  external: ["@tensorflow/*", "yauzl", "nanotar"],
  logLevel: "error",
});

/** Runs the command and returns its duration in seconds. */
function install(): { readonly seconds: number; readonly text: string } {
  const began = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, [outfile, "install", "--skip-own-route"], {
    encoding: "utf8",
    cwd: root,
  });
  if (status !== 0) throw new Error(stderr);
  return { seconds: Math.round(performance.now() - began) / 1000, text: stdout };
}

const load = loadavg()[0] ?? 0;
const target = targetFor("cpu");
const note = join(installFolder(cacheFolder(), target, WHEELS[target][0]?.version ?? ""), "verified.json");
const [unchanged, verified]: [number[], number[]] = [[], []];
for (let turn = 0; turn < RUNS; turn++) {
  rmSync(note, { force: true });
  verified.push(install().seconds);
  const { seconds, text } = install();
  if (!text.includes("has not changed since"))
    throw new Error(`TensorFlow is not installed, or has changed meanwhile: ${text}`);
  unchanged.push(seconds);
}
rmSync(outfile);
const summary = (seconds: readonly number[]): { readonly median: number; readonly slowest: number } => {
  const sorted = seconds.toSorted((a, b) => a - b);
  return { median: sorted[Math.floor(RUNS / 2)] as number, slowest: sorted.at(-1) as number };
};
const result = {
  runs: RUNS,
  node: process.version,
  cores: cpus().length,
  loadAverageBefore: Math.round(load * 10) / 10,
  secondsUnchanged: summary(unchanged),
  secondsVerifiedAnew: summary(verified),
};
writeFileSync(join(import.meta.dirname, "second-run.json"), `${JSON.stringify(result, null, 2)}\n`);
console.log(result);

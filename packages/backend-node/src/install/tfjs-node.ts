import { existsSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Reporter } from "./report.ts";
import { reasonOf, run } from "./run.ts";

/** State of the project's own tfjs-node: not installed, installed but broken, or working. */
export type TfjsNodeState =
  | { readonly state: "absent" }
  | { readonly state: "broken"; readonly folder: string; readonly reason: string }
  | { readonly state: "works"; readonly folder: string; readonly tensorflow: string };

/** JavaScript that restores functions of `node:util` that tfjs-node needs on Node 23 and later, for the beginning of a script. */
export const RESTORE_UTIL =
  'const util = require("node:util"); util.isNullOrUndefined ??= (v) => v == null; util.isArray ??= Array.isArray;';

const CHECK = `${RESTORE_UTIL}
const tf = require(process.argv[1]);
const values = tf.tidy(() => Array.from(tf.matMul(tf.tensor2d([[1, 2], [3, 4]]), tf.tensor2d([[1, 2], [3, 4]])).dataSync()));
if (values.join() !== "7,10,15,22" || tf.getBackend() !== "tensorflow") throw new Error("matMul gave " + values);
console.log(JSON.stringify({ tensorflow: tf.backend().binding.TF_Version }));`;

/** Tests the project's tfjs-node in a child process. Loads nothing into this process. */
export async function stateOfTfjsNode(projectDir: string): Promise<TfjsNodeState> {
  const entry = resolveFrom(projectDir, "@tensorflow/tfjs-node");
  const manifest = resolveFrom(projectDir, "@tensorflow/tfjs-node/package.json");
  if (entry === undefined || manifest === undefined) return { state: "absent" };
  const folder = join(manifest, "..");
  // Without its addon it cannot work. Checking this first is faster than loading it, which takes a second.
  if (!existsSync(join(folder, "lib"))) return { state: "broken", folder, reason: "its native addon was never built" };
  const finished = await run(process.execPath, ["-e", CHECK, entry], {
    cwd: projectDir,
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: "2" },
    timeoutMs: 120_000,
  });
  const line = finished.stdout.trim().split("\n").at(-1) ?? "";
  if (finished.status === 0 && line.startsWith("{"))
    return { state: "works", folder, tensorflow: (JSON.parse(line) as { tensorflow: string }).tensorflow };
  return { state: "broken", folder, reason: reasonOf(finished) };
}

/** Time limit for tfjs-node's install script. */
const OWN_ROUTE_MS = 180_000;

/**
 * Runs tfjs-node's own install script, which downloads libtensorflow. If it fails, the files that it left are removed.
 *
 * @returns the new state. If `state` is not "broken", returns it without running the script.
 */
export async function ownRoute(projectDir: string, state: TfjsNodeState, report: Reporter): Promise<TfjsNodeState> {
  if (state.state !== "broken") return state;
  const { folder } = state;
  const deps = join(folder, "deps");
  const had = existsSync(deps);
  report.step(
    `trying @tensorflow/tfjs-node's own install script in ${folder}, for at most ${OWN_ROUTE_MS / 60_000} minutes`,
  );
  const bar = report.watch("@tensorflow/tfjs-node's install script", deps);
  const finished = await run(process.execPath, [join(folder, "scripts", "install.js")], {
    cwd: folder,
    timeoutMs: OWN_ROUTE_MS,
  });
  bar.end();
  if (finished.status === 0) return stateOfTfjsNode(projectDir);
  if (!had) rmSync(deps, { recursive: true, force: true });
  return { ...state, reason: `its install script failed (${reasonOf(finished).slice(0, 160)})` };
}

function resolveFrom(projectDir: string, specifier: string): string | undefined {
  try {
    return createRequire(join(projectDir, "package.json")).resolve(specifier);
  } catch {
    return undefined;
  }
}

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { run } from "./run.ts";

/** The project's own tfjs-node: not there, there and broken, or there and computing. */
export type TfjsNodeState =
  | { readonly state: "absent" }
  | { readonly state: "broken"; readonly folder: string; readonly reason: string }
  | { readonly state: "works"; readonly folder: string; readonly tensorflow: string };

/** What tfjs-node needs on Node 23 and later, in a form to put before a script. */
export const CURE =
  'const util = require("node:util"); util.isNullOrUndefined ??= (v) => v == null; util.isArray ??= Array.isArray;';

const CHECK = `${CURE}
const tf = require(process.argv[1]);
const values = tf.tidy(() => Array.from(tf.matMul(tf.tensor2d([[1, 2], [3, 4]]), tf.tensor2d([[1, 2], [3, 4]])).dataSync()));
if (values.join() !== "7,10,15,22" || tf.getBackend() !== "tensorflow") throw new Error("matMul gave " + values);
console.log(JSON.stringify({ tensorflow: tf.backend().binding.TF_Version }));`;

/** Looks at the project's tfjs-node in a child process; nothing is loaded into this one. */
export async function stateOfTfjsNode(projectDir: string): Promise<TfjsNodeState> {
  const entry = resolveFrom(projectDir, "@tensorflow/tfjs-node");
  const manifest = resolveFrom(projectDir, "@tensorflow/tfjs-node/package.json");
  if (entry === undefined || manifest === undefined) return { state: "absent" };
  const folder = join(manifest, "..");
  // Without its addon it cannot work, and finding that out by loading it takes a second.
  if (!existsSync(join(folder, "lib"))) return { state: "broken", folder, reason: "its native addon was never built" };
  const { status, stdout, stderr } = await run(process.execPath, ["-e", CHECK, entry], {
    cwd: projectDir,
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: "2" },
    timeoutMs: 120_000,
  });
  const line = stdout.trim().split("\n").at(-1) ?? "";
  if (status === 0 && line.startsWith("{"))
    return { state: "works", folder, tensorflow: (JSON.parse(line) as { tensorflow: string }).tensorflow };
  const reason = /^(?:Error|TypeError): .*$/m.exec(stderr)?.[0] ?? `its check ended with status ${status}`;
  return { state: "broken", folder, reason };
}

/** tfjs-node's own way: the install script that fetches libtensorflow. True where it ends in a working package. */
export async function ownRoute(projectDir: string, state: TfjsNodeState): Promise<TfjsNodeState> {
  if (state.state !== "broken") return state;
  const { status, stderr } = await run(process.execPath, [join(state.folder, "scripts", "install.js")], {
    cwd: state.folder,
    timeoutMs: 180_000,
  });
  if (status !== 0) {
    const line = stderr
      .trim()
      .split("\n")
      .find((text) => /error|fail/i.test(text));
    return { ...state, reason: `its install script failed${line ? ` (${line.trim().slice(0, 160)})` : ""}` };
  }
  return stateOfTfjsNode(projectDir);
}

function resolveFrom(projectDir: string, specifier: string): string | undefined {
  try {
    return createRequire(join(projectDir, "package.json")).resolve(specifier);
  } catch {
    return undefined;
  }
}

import { createRequire } from "node:module";
import { join } from "node:path";
import { VerifyError } from "../errors.ts";
import { BINDING } from "./cache.ts";
import { JS_HALF, TFJS_KEY } from "./js-half.ts";
import { reasonOf, run } from "./run.ts";

/** Answer of a child process that computed with an install. */
export interface Verified {
  readonly tensorflow: string;
  readonly gpu: boolean;
  readonly milliseconds: number;
}

/** Squares [[1,2],[3,4]] by TensorFlow's MatMul, first through the binding and then through tfjs with its JavaScript half. */
const CHECK = `
const began = performance.now();
const b = require(process.argv[1]);
const a = b.createTensor([2, 2], b.TF_FLOAT, new Float32Array([1, 2, 3, 4]));
const flag = (name) => ({ name, type: b.TF_ATTR_BOOL, value: false });
const [product] = b.executeOp("MatMul", [flag("transpose_a"), flag("transpose_b"), { name: "T", type: b.TF_ATTR_TYPE, value: b.TF_FLOAT }], [a, a], 1);
const values = Array.from(b.tensorDataSync(product.id));
if (values.join() !== "7,10,15,22") throw new Error("MatMul of [[1,2],[3,4]] with itself gave " + values);
const [half, core, key] = process.argv.slice(2);
if (core) {
  const util = require("node:util");
  util.isNullOrUndefined = (value) => value == null;
  util.isArray = Array.isArray;
  const tf = (globalThis[Symbol.for(key)] = require(core));
  require(half + "/register_all_kernels.js");
  const { NodeJSKernelBackend } = require(half + "/nodejs_kernel_backend.js");
  tf.registerBackend("tensorflow", () => new NodeJSKernelBackend(b, "@tensorflow/tfjs-node"));
  if (!tf.setBackend("tensorflow") || tf.getBackend() !== "tensorflow") throw new Error("tfjs did not accept the backend");
  const x = tf.tensor2d([1, 2, 3, 4], [2, 2]);
  const product = Array.from(tf.matMul(x, x).dataSync());
  if (product.join() !== "7,10,15,22") throw new Error("tf.matMul of [[1,2],[3,4]] with itself gave " + product);
}
console.log(JSON.stringify({ tensorflow: b.TF_Version, gpu: b.isUsingGpuDevice(), milliseconds: Math.round(performance.now() - began) }));
`;

/**
 * Loads the binding of an install in a child process and multiplies two matrices. If a library crashes, only the child ends.
 *
 * @throws VerifyError if it does not compute.
 */
export async function verifyInstall(tree: string): Promise<Verified> {
  const finished = await run(
    process.execPath,
    ["-e", CHECK, join(tree, BINDING), join(tree, JS_HALF), tfjsCore(), TFJS_KEY],
    {
      env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: "2" },
      timeoutMs: 120_000,
    },
  );
  const line = finished.stdout.trim().split("\n").at(-1) ?? "";
  if (finished.status === 0 && line.startsWith("{")) return JSON.parse(line) as Verified;
  throw new VerifyError(
    `The libraries are installed but do not compute: ${reasonOf(finished)}`,
    "Report this with the output of `graft doctor --json`. Meanwhile @graftjs/backend-wasm trains anywhere.",
  );
}

/** Returns the file of tfjs-core that this package finds, or an empty string. Without it only the binding is tested. */
export function tfjsCore(): string {
  try {
    return createRequire(import.meta.url).resolve("@tensorflow/tfjs-core");
  } catch {
    return "";
  }
}

import { isMainThread } from "node:worker_threads";
import * as tf from "@tensorflow/tfjs-core";
import { TooLateError } from "../errors.ts";
import { TENSORFLOW } from "./backend-name.ts";

/** What TensorFlow reads once, while it loads. */
export interface NativeEnvironment {
  /** Threads inside one operation. @default all cores */
  readonly threads?: number;
  /** Threads that run operations beside each other. @default all cores */
  readonly interOpThreads?: number;
  /**
   * Intel's oneDNN kernels. On is faster for large convolutions and slower for tiny matrix products; off breaks dilated
   * depthwise convolution. TensorFlow itself has them on only where the processor has AVX512-VNNI or newer.
   * @default TF_ENABLE_ONEDNN_OPTS, else true on x64 and TensorFlow's own elsewhere
   */
  readonly oneDnn?: boolean;
  /** Take graphics memory as it is needed instead of all at once. @default true */
  readonly allowGrowth?: boolean;
  /** From which level TensorFlow's C++ side logs: 0 info, 1 warnings, 2 errors, 3 nothing but fatal ones. @default 2, with `device: "gpu"` 3 */
  readonly logLevel?: 0 | 1 | 2 | 3;
}

/** Set on `globalThis` by the first load in this thread: which of TensorFlow's builds it was. */
const LOADED: unique symbol = Symbol.for("graft.backend-node.loaded") as never;
type Marked = { [LOADED]?: "cpu" | "gpu" };

/** The environment variables for options; only those that were asked for. */
export function variablesFor(options: NativeEnvironment): Readonly<Record<string, string>> {
  const { threads, interOpThreads, oneDnn, allowGrowth, logLevel } = options;
  const asked: Record<string, string | undefined> = {
    TF_NUM_INTRAOP_THREADS: threads?.toString(),
    TF_NUM_INTEROP_THREADS: interOpThreads?.toString(),
    TF_ENABLE_ONEDNN_OPTS: oneDnn === undefined ? undefined : oneDnn ? "1" : "0",
    TF_FORCE_GPU_ALLOW_GROWTH: allowGrowth?.toString(),
    TF_CPP_MIN_LOG_LEVEL: logLevel?.toString(),
  };
  return Object.fromEntries(Object.entries(asked).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/**
 * Sets what TensorFlow reads while it loads. To be called on the main thread before anything loads it; Workers started
 * afterwards see the same. `nativeBackend(options).init()` does it by itself on the main thread.
 *
 * @throws TooLateError where TensorFlow is loaded, by us or by tfjs-node, or in a Worker, and a value would have to change: a
 *   Worker's `process.env` is a copy that native code does not see.
 */
export function setNativeEnvironment(options: NativeEnvironment & { readonly device?: "cpu" | "gpu" }): void {
  const { device } = options;
  const changes = Object.entries(variablesFor(options)).filter(([name, value]) => process.env[name] !== value);
  const loaded = loadedBuild() !== undefined || tf.findBackendFactory(TENSORFLOW) !== null;
  const tooLate = loaded ? "TensorFlow is loaded already" : isMainThread ? undefined : "a Worker cannot set it";
  if (changes.length > 0 && tooLate !== undefined) {
    const names = changes.map(([name, value]) => `${name}=${value}`);
    throw new TooLateError(
      `${names.join(", ")}: TensorFlow reads this while it loads, and ${tooLate}.`,
      "Call setNativeEnvironment() with these options on the main thread before anything loads TensorFlow, or start Node with the variables set.",
    );
  }
  if (tooLate !== undefined) return;
  Object.assign(process.env, Object.fromEntries(changes));
  // The CUDA build calls it an error that there is no card; the adapter says so in one line.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= device === "gpu" ? "3" : "2";
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= "true";
  if (process.arch === "x64") process.env.TF_ENABLE_ONEDNN_OPTS ??= "1";
}

/** Notes that TensorFlow is loaded in this thread, and which build of it. */
export function markLoaded(build: "cpu" | "gpu"): void {
  (globalThis as Marked)[LOADED] = build;
}

/** The build that this package loaded in this thread. */
export function loadedBuild(): "cpu" | "gpu" | undefined {
  return (globalThis as Marked)[LOADED];
}

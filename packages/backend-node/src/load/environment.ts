import { isMainThread } from "node:worker_threads";
import * as tf from "@tensorflow/tfjs-core";
import { TooLateError } from "../errors.ts";
import { TENSORFLOW } from "./backend-name.ts";

/** Options that TensorFlow reads once, while it loads. */
export interface NativeEnvironment {
  /** Threads inside one operation. @default all cores */
  readonly threads?: number;
  /** Threads that run operations in parallel. @default all cores */
  readonly interOpThreads?: number;
  /**
   * Use Intel's oneDNN kernels. They are faster for large convolutions and slower for tiny matrix products. Without them,
   * dilated depthwise convolution does not work. TensorFlow itself uses them only on processors with AVX512-VNNI or newer.
   * @default TF_ENABLE_ONEDNN_OPTS if it is set, else true on x64 and TensorFlow's own default on other processors
   */
  readonly oneDnn?: boolean;
  /** Take graphics memory as it is needed, and not all at once. @default true */
  readonly allowGrowth?: boolean;
  /** Lowest level that TensorFlow's C++ side logs: 0 info, 1 warnings, 2 errors, 3 fatal errors. @default 2, with `device: "gpu"` 3 */
  readonly logLevel?: 0 | 1 | 2 | 3;
}

/** Key on `globalThis` that holds which build of TensorFlow was loaded in this thread. */
const LOADED: unique symbol = Symbol.for("graft.backend-node.loaded") as never;
type Marked = { [LOADED]?: "cpu" | "gpu" };

/** Returns the environment variables for the options that are given. */
export function variablesFor(options: NativeEnvironment): Readonly<Record<string, string>> {
  const { threads, interOpThreads, oneDnn, allowGrowth, logLevel } = options;
  const values: Record<string, string | undefined> = {
    TF_NUM_INTRAOP_THREADS: threads?.toString(),
    TF_NUM_INTEROP_THREADS: interOpThreads?.toString(),
    TF_ENABLE_ONEDNN_OPTS: oneDnn === undefined ? undefined : oneDnn ? "1" : "0",
    TF_FORCE_GPU_ALLOW_GROWTH: allowGrowth?.toString(),
    TF_CPP_MIN_LOG_LEVEL: logLevel?.toString(),
  };
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/**
 * Sets the environment variables that TensorFlow reads while it loads. Call it on the main thread before anything loads
 * TensorFlow. Workers that start afterwards see the same variables. On the main thread, `nativeBackend(options).init()` calls it.
 *
 * @throws TooLateError if a value would have to change and TensorFlow is loaded already, or if this thread is a Worker. A
 * Worker's `process.env` is a copy that native code does not see.
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
      "Call setNativeEnvironment() with these options on the main thread before anything loads TensorFlow, or start Node with these variables.",
    );
  }
  if (tooLate !== undefined) return;
  Object.assign(process.env, Object.fromEntries(changes));
  // Without a card the CUDA build logs an error. The adapter prints one line in its place.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= device === "gpu" ? "3" : "2";
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= "true";
  if (process.arch === "x64") process.env.TF_ENABLE_ONEDNN_OPTS ??= "1";
}

/** Records that a build of TensorFlow is loaded in this thread. */
export function markLoaded(build: "cpu" | "gpu"): void {
  (globalThis as Marked)[LOADED] = build;
}

/** Returns the build that this package has loaded in this thread. */
export function loadedBuild(): "cpu" | "gpu" | undefined {
  return (globalThis as Marked)[LOADED];
}

import { isMainThread } from "node:worker_threads";
import { TooLateError } from "../errors.ts";

/** What TensorFlow reads once, while it loads. */
export interface NativeEnvironment {
  /** Threads inside one operation. @default all cores */
  readonly threads?: number;
  /** Threads that run operations beside each other. @default all cores */
  readonly interOpThreads?: number;
  /**
   * Intel's oneDNN kernels. On is faster for large convolutions and slower for tiny matrix products; off breaks dilated
   * depthwise convolution. @default TensorFlow's own, which is on for x64
   */
  readonly oneDnn?: boolean;
  /** Take graphics memory as it is needed instead of all at once. @default true */
  readonly allowGrowth?: boolean;
  /** From which level TensorFlow's C++ side logs: 0 info, 1 warnings, 2 errors, 3 nothing but fatal ones. @default 2, with `device: "gpu"` 3 */
  readonly logLevel?: 0 | 1 | 2 | 3;
}

/** Set on `globalThis` by the first load in this thread. */
const LOADED: unique symbol = Symbol.for("graft.backend-node.loaded") as never;
type Marked = { [LOADED]?: boolean };

/** The environment variables for options; only those that were asked for. */
export function variablesFor(options: NativeEnvironment, hideGpu: boolean): Readonly<Record<string, string>> {
  const { threads, interOpThreads, oneDnn, allowGrowth, logLevel } = options;
  const asked: Record<string, string | undefined> = {
    TF_NUM_INTRAOP_THREADS: threads?.toString(),
    TF_NUM_INTEROP_THREADS: interOpThreads?.toString(),
    TF_ENABLE_ONEDNN_OPTS: oneDnn === undefined ? undefined : oneDnn ? "1" : "0",
    TF_FORCE_GPU_ALLOW_GROWTH: allowGrowth?.toString(),
    TF_CPP_MIN_LOG_LEVEL: logLevel?.toString(),
    CUDA_VISIBLE_DEVICES: hideGpu ? "-1" : undefined,
  };
  return Object.fromEntries(Object.entries(asked).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/**
 * Sets what TensorFlow reads while it loads. To be called on the main thread before anything loads it; Workers started
 * afterwards see the same. `nativeBackend(options).init()` does it by itself on the main thread.
 *
 * @throws TooLateError where TensorFlow is loaded, or in a Worker, and a value would have to change: a Worker's
 *   `process.env` is a copy that native code does not see.
 */
export function setNativeEnvironment(
  options: NativeEnvironment & { readonly device?: "cpu" | "gpu" },
  hideGpu = false,
): void {
  const { device } = options;
  const asked = variablesFor(options, hideGpu);
  const changes = Object.entries(asked).filter(([name, value]) => process.env[name] !== value);
  const tooLate = isMainThread
    ? (globalThis as Marked)[LOADED]
      ? "TensorFlow is loaded already"
      : undefined
    : "a Worker cannot set it";
  if (changes.length > 0 && tooLate !== undefined) {
    const names = changes.map(([name, value]) => `${name}=${value}`);
    throw new TooLateError(
      `${names.join(", ")}: TensorFlow reads this while it loads, and ${tooLate}.`,
      "Call setNativeEnvironment() with these options on the main thread before anything loads TensorFlow, or start Node with the variables set.",
    );
  }
  if (!isMainThread) return;
  Object.assign(process.env, Object.fromEntries(changes));
  // The CUDA build calls it an error that there is no card; the adapter says so in one line.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= device === "gpu" ? "3" : "2";
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= "true";
}

/** Notes that TensorFlow is loaded in this thread. */
export function markLoaded(): void {
  (globalThis as Marked)[LOADED] = true;
}

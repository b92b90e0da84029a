import { createRequire } from "node:module";
import { join } from "node:path";
import { messageOf } from "@graftjs/backend";
import { BackendError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

import { BINDING } from "../install/cache.ts";
import { JS_HALF, TFJS_KEY } from "../install/js-half.ts";
import { TENSORFLOW } from "./backend-name.ts";
import { callableTfjs } from "./callable-tfjs.ts";
import { markLoaded } from "./environment.ts";
import type { NativeBinding, NativeKernelBackend } from "./native-backend-types.ts";
import { quietlyLoad } from "./quiet-load.ts";
import { restoreNodeUtil } from "./removed-node-util.ts";

const PRIORITY = 3;

interface JsHalf {
  readonly NodeJSKernelBackend: new (binding: NativeBinding, packageName: string) => NativeKernelBackend;
}
interface FileSystem {
  readonly nodeFileSystemRouter: Parameters<typeof tf.io.registerLoadRouter>[0];
}

/**
 * Loads an install of ours and registers its backend with the caller's tfjs. Does nothing if a native backend is registered already.
 *
 * @throws BackendError if it does not load.
 */
export function loadInstall(folder: string): void {
  if (tf.findBackendFactory(TENSORFLOW) !== null) return;
  restoreNodeUtil();
  (globalThis as Record<symbol, unknown>)[Symbol.for(TFJS_KEY)] = callableTfjs();
  const load = createRequire(join(folder, "package.json"));
  const half = join(folder, JS_HALF);
  const build = folder.endsWith("-gpu") ? "gpu" : "cpu";
  try {
    // With a lower log level, the user gets all of TensorFlow's log.
    if (build === "gpu" && process.env.TF_CPP_MIN_LOG_LEVEL === "3")
      quietlyLoad(join(folder, "tensorflow", "libtensorflow_cc.so.2"));
    const binding = load(join(folder, BINDING)) as NativeBinding;
    markLoaded(build);
    load(join(half, "register_all_kernels.js"));
    const { NodeJSKernelBackend } = load(join(half, "nodejs_kernel_backend.js")) as JsHalf;
    tf.registerBackend(TENSORFLOW, () => new NodeJSKernelBackend(binding, "@tensorflow/tfjs-node"), PRIORITY);
    const { nodeFileSystemRouter } = load(join(half, "io", "file_system.js")) as FileSystem;
    tf.io.registerLoadRouter(nodeFileSystemRouter);
    tf.io.registerSaveRouter(nodeFileSystemRouter);
  } catch (cause) {
    throw new BackendError(
      `TensorFlow in ${folder} does not load: ${messageOf(cause)}`,
      "Install it again: graft uninstall-native && graft install-native",
      { cause },
    );
  }
}

/**
 * Loads the project's own tfjs-node, which registers itself. Does nothing if a native backend is registered already.
 *
 * @throws BackendError if it does not load.
 */
export function loadTfjsNode(folder: string): void {
  if (tf.findBackendFactory(TENSORFLOW) !== null) return;
  restoreNodeUtil();
  try {
    createRequire(join(folder, "package.json"))(folder);
    markLoaded("cpu");
  } catch (cause) {
    throw new BackendError(
      `@tensorflow/tfjs-node in ${folder} does not load: ${messageOf(cause)}`,
      "Install Graft's own build: graft install-native",
      { cause },
    );
  }
}

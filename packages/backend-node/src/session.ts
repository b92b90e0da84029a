import { missingTrainingKernels, undoList } from "@graftjs/backend";
import { BackendError, type BackendSession, type Capabilities } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { TooLateError } from "./errors.ts";
import type { Device } from "./install/target.ts";
import { TENSORFLOW } from "./load/backend-name.ts";
import { loadedBuild, setNativeEnvironment } from "./load/environment.ts";
import { loadInstall, loadTfjsNode } from "./load/load.ts";
import type { NativeKernelBackend } from "./load/native-backend-types.ts";
import type { LocatedTensorFlow } from "./locate-tensorflow.ts";
import type { NativeBackendOptions } from "./options.ts";
import { fixKernels, fuseKernels } from "./training-kernels.ts";

/**
 * Loads TensorFlow, makes its backend current and replaces kernels.
 *
 * @param options as given by the user. An absent `device` accepts a TensorFlow that is loaded already for either device.
 * @throws BackendError if it does not start. TooLateError if it is loaded already with other options.
 */
export async function openSession(found: LocatedTensorFlow, options: NativeBackendOptions): Promise<BackendSession> {
  const { device, fused = true } = options;
  setNativeEnvironment(options);
  if (found.kind === "registered") assertDevice(device);
  if (found.kind === "tfjs-node") loadTfjsNode(found.folder);
  if (found.kind === "install") loadInstall(found.folder);
  if (!(await tf.setBackend(TENSORFLOW)))
    throw new BackendError(
      "tfjs's native backend is registered but did not start.",
      "See its own message above, or run `graft doctor`.",
    );
  const backend = tf.backend() as NativeKernelBackend;
  if (device === "gpu" && !backend.isUsingGpuDevice) {
    console.warn(
      "@graftjs/backend-node: TensorFlow found no usable GPU and runs on the CPU. Does `nvidia-smi` list one? `logLevel: 2` shows TensorFlow's own messages.",
    );
  }
  const undo = undoList();
  undo.add(fixKernels(backend).dispose);
  if (fused) undo.add(fuseKernels(backend).dispose);
  return { name: "node", capabilities: capabilitiesOf(backend), dispose: undo.run };
}

/** @throws TooLateError if the registered backend runs on the other device, or cannot run on the requested one. */
function assertDevice(requested: Device | undefined): void {
  const backend = tf.findBackend(TENSORFLOW) as NativeKernelBackend;
  if (requested === "cpu" && backend.isUsingGpuDevice) {
    throw new TooLateError(
      'device: "cpu": TensorFlow is loaded already and runs on a graphics card.',
      'Leave out `device`, request "gpu", or start Node with CUDA_VISIBLE_DEVICES=-1.',
    );
  }
  const cpuBuild = loadedBuild() === undefined ? backend.isGPUPackage === false : loadedBuild() === "cpu";
  if (requested === "gpu" && !backend.isUsingGpuDevice && cpuBuild) {
    throw new TooLateError(
      'device: "gpu": TensorFlow is loaded already, in the build for the CPU.',
      'Start a new process and request "gpu" before anything loads TensorFlow. `graft install-native --gpu` installs the CUDA build.',
    );
  }
}

function capabilitiesOf(backend: NativeKernelBackend): Capabilities {
  const device = backend.isUsingGpuDevice ? "CUDA" : "CPU";
  return {
    missingKernels: missingTrainingKernels(TENSORFLOW),
    floatBits: 32,
    syncRead: true,
    description: `TensorFlow ${backend.binding.TF_Version}, ${device}`,
  };
}

import { existsSync } from "node:fs";
import { missingTrainingKernels } from "@graftjs/backend";
import {
  type Availability,
  type BackendAdapter,
  BackendError,
  type BackendSession,
  type Capabilities,
} from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { messageOf, TooLateError } from "./errors.ts";
import { cacheFolder, installFolder, readInstall } from "./install/cache.ts";
import { quoted } from "./install/shell.ts";
import { type Device, type Target, targetFor } from "./install/target.ts";
import { stateOfTfjsNode } from "./install/tfjs-node.ts";
import { WHEELS } from "./install/wheels.ts";
import { TENSORFLOW } from "./load/backend-name.ts";
import { loadedBuild, setNativeEnvironment } from "./load/environment.ts";
import { loadInstall, loadTfjsNode } from "./load/load.ts";
import type { NativeKernelBackend } from "./load/native-backend-types.ts";
import { type NativeBackendOptions, nativeOptions } from "./options.ts";
import { fixKernels, fuseKernels } from "./training-kernels.ts";

/** A TensorFlow that can be used, and its folder. */
type Found = { readonly kind: "registered" } | { readonly kind: "tfjs-node" | "install"; readonly folder: string };

/**
 * Returns an adapter for native TensorFlow on the CPU or, with CUDA, on a graphics card.
 *
 * It uses the project's `@tensorflow/tfjs-node` if that works, and otherwise the install that `installNative` has put into the
 * cache. `probe()` loads nothing into this process, and tests tfjs-node in a child process.
 *
 * @throws OptionsError for a wrong option. `init()` throws TooLateError if an option can no longer be set, or if TensorFlow is
 * loaded for the other device.
 */
export function nativeBackend(options: NativeBackendOptions = {}): BackendAdapter {
  const { device = "cpu", cacheDir, projectDir = process.cwd(), fused = true } = nativeOptions.parse("node", options);
  const look = async (): Promise<Found | { reason: string; fix: string }> => {
    if (tf.findBackendFactory(TENSORFLOW) !== null) return { kind: "registered" };
    let target: Target;
    try {
      target = targetFor(device);
    } catch (cause) {
      const { hint } = cause as BackendError;
      return { reason: messageOf(cause).split("\n")[0] ?? "", fix: hint };
    }
    if (device === "cpu") {
      const stock = await stateOfTfjsNode(projectDir);
      if (stock.state === "works") return { kind: "tfjs-node", folder: stock.folder };
    }
    const folder = installFolder(cacheFolder(cacheDir), target, WHEELS[target][0]?.version ?? "");
    if (readInstall(folder) !== undefined) return { kind: "install", folder };
    return {
      reason: `native TensorFlow is not installed (${existsSync(folder) ? "damaged: " : "looked in "}${folder})`,
      fix: `graft install-native${device === "gpu" ? " --gpu" : ""}${cacheDir === undefined ? "" : ` --cache ${quoted(cacheDir)}`}`,
    };
  };
  return {
    name: "node",
    device,
    async availability(): Promise<Availability> {
      try {
        const found = await look();
        if (!("kind" in found)) return { ok: false, ...found };
        return {
          ok: true,
          capabilities: {
            missingKernels: [],
            floatBits: 32,
            syncRead: true,
            description:
              found.kind === "registered" ? "native TensorFlow, loaded" : `native TensorFlow in ${found.folder}`,
          },
        };
      } catch (cause) {
        return { ok: false, reason: messageOf(cause), fix: "graft doctor" };
      }
    },
    async init(): Promise<BackendSession> {
      const found = await look();
      if (!("kind" in found)) throw new BackendError(`The native backend cannot start: ${found.reason}.`, found.fix);
      setNativeEnvironment(options);
      if (found.kind === "registered") assertDevice(options.device);
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
      const fixes = fixKernels(backend);
      const fusion = fused ? fuseKernels(backend) : undefined;
      return {
        name: "node",
        capabilities: capabilitiesOf(backend),
        async dispose(): Promise<void> {
          fusion?.dispose();
          fixes.dispose();
        },
      };
    },
  };
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

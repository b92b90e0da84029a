import { existsSync } from "node:fs";
import {
  assertOptions,
  type BackendAdapter,
  BackendError,
  type BackendSession,
  type Capabilities,
  missingTrainingKernels,
  type Probe,
} from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { messageOf, TooLateError } from "./errors.ts";
import { cacheFolder, installFolder, readInstall } from "./install/cache.ts";
import { type Device, type Target, targetFor } from "./install/target.ts";
import { quoted } from "./install/shell.ts";
import { stateOfTfjsNode } from "./install/tfjs-node.ts";
import { WHEELS } from "./install/wheels.ts";
import { fuseKernels, fixKernels } from "./training-kernels.ts";
import { TENSORFLOW } from "./load/backend-name.ts";
import { loadedBuild, type NativeEnvironment, setNativeEnvironment } from "./load/environment.ts";
import { loadInstall, loadTfjsNode } from "./load/load.ts";
import type { NativeKernelBackend } from "./load/native-backend-types.ts";
import { nativeOptions } from "./options.ts";

/** Options of {@link nativeBackend}. */
export interface NativeBackendOptions extends NativeEnvironment {
  /**
   * `gpu` wants the CUDA build (`install-native --gpu`) and runs on the CPU, with one line that says so, where there is no card.
   * A backend that is registered already stays what it is: asking for the other device is an error. @default "cpu", or as registered
   */
  readonly device?: Device;
  /** As for `installNative`. @default GRAFT_CACHE, else `graft/native` in the user's cache folder */
  readonly cacheDir?: string;
  /** Project in which `@tensorflow/tfjs-node` is looked for. @default process.cwd() */
  readonly projectDir?: string;
  /** Replace slow kernels and gradients by TensorFlow's fused ones. @default true */
  readonly fused?: boolean;
}

/** What can be loaded, and from where. */
type Found = { readonly kind: "registered" } | { readonly kind: "tfjs-node" | "install"; readonly folder: string };

/**
 * Native TensorFlow on the CPU or, with CUDA, on a graphics card.
 *
 * A working `@tensorflow/tfjs-node` of the project is used as it is; otherwise what `installNative` put into the cache.
 * `probe()` only looks (tfjs-node it asks in a child process) and loads nothing into this one.
 *
 * @throws OptionsError for a wrong option; TooLateError from `init()` where an option can no longer be set, or TensorFlow is
 *   loaded for the other device.
 */
export function nativeBackend(options: NativeBackendOptions = {}): BackendAdapter {
  assertOptions("node", nativeOptions, options);
  const { device = "cpu", cacheDir, projectDir = process.cwd(), fused = true } = options;
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
    async probe(): Promise<Probe> {
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
          "tfjs's native backend is registered and did not start.",
          "Its own message stands above; `graft doctor` looks further.",
        );
      const backend = tf.backend() as NativeKernelBackend;
      if (device === "gpu" && !backend.isUsingGpuDevice) {
        console.warn(
          "@graftjs/backend-node: TensorFlow found no usable GPU and runs on the CPU. Does `nvidia-smi` list one? `logLevel: 2` prints what TensorFlow says.",
        );
      }
      const mended = fixKernels(backend);
      const fusion = fused ? fuseKernels(backend) : undefined;
      return {
        name: "node",
        capabilities: capabilitiesOf(backend),
        async dispose(): Promise<void> {
          fusion?.dispose();
          mended.dispose();
        },
      };
    },
  };
}

/** @throws TooLateError where the registered backend runs on the other device, or can never run on this one. */
function assertDevice(asked: Device | undefined): void {
  const backend = tf.findBackend(TENSORFLOW) as NativeKernelBackend;
  if (asked === "cpu" && backend.isUsingGpuDevice) {
    throw new TooLateError(
      'device: "cpu": TensorFlow is loaded already, and runs on a graphics card.',
      'Leave out `device`, or ask for "gpu"; or start Node with CUDA_VISIBLE_DEVICES=-1.',
    );
  }
  const cpuBuild = loadedBuild() === undefined ? backend.isGPUPackage === false : loadedBuild() === "cpu";
  if (asked === "gpu" && !backend.isUsingGpuDevice && cpuBuild) {
    throw new TooLateError(
      'device: "gpu": TensorFlow is loaded already, and it is the build for the CPU.',
      'Ask for "gpu" first, in a process in which nothing has loaded TensorFlow; `graft install-native --gpu` installs the CUDA build.',
    );
  }
}

function capabilitiesOf(backend: NativeKernelBackend): Capabilities {
  const where = backend.isUsingGpuDevice ? "CUDA" : "CPU";
  return {
    missingKernels: missingTrainingKernels(TENSORFLOW),
    floatBits: 32,
    syncRead: true,
    description: `TensorFlow ${backend.binding.TF_Version}, ${where}`,
  };
}

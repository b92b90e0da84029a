import { existsSync } from "node:fs";
import { messageOf, UnavailableError } from "@graftjs/backend";
import type { BackendError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { cacheFolder, installFolder, readInstall } from "./install/cache.ts";
import { quoted } from "./install/shell.ts";
import { type Device, type Target, targetFor } from "./install/target.ts";
import { stateOfTfjsNode } from "./install/tfjs-node.ts";
import { WHEELS } from "./install/wheels.ts";
import { TENSORFLOW } from "./load/backend-name.ts";

/** A TensorFlow that can be used. It is registered with tfjs already, or is in a folder. */
export type LocatedTensorFlow =
  | { readonly kind: "registered" }
  | { readonly kind: "tfjs-node" | "install"; readonly folder: string };

/**
 * Looks for TensorFlow: registered with tfjs, in the project's tfjs-node, or in the cache. Loads nothing into this process.
 *
 * @throws UnavailableError if there is none for this machine and device.
 */
export async function locateTensorFlow(
  device: Device,
  cacheDir: string | undefined,
  projectDir: string,
): Promise<LocatedTensorFlow> {
  if (tf.findBackendFactory(TENSORFLOW) !== null) return { kind: "registered" };
  const target = supportedTarget(device);
  if (device === "cpu") {
    const stock = await stateOfTfjsNode(projectDir);
    if (stock.state === "works") return { kind: "tfjs-node", folder: stock.folder };
  }
  const folder = installFolder(cacheFolder(cacheDir), target, WHEELS[target][0]?.version ?? "");
  if (readInstall(folder) !== undefined) return { kind: "install", folder };
  const options = [
    ...(device === "gpu" ? ["--gpu"] : []),
    ...(cacheDir === undefined ? [] : ["--cache", quoted(cacheDir)]),
  ];
  throw unavailable(
    `native TensorFlow is not installed (${existsSync(folder) ? "damaged: " : "looked in "}${folder})`,
    ["graft install-native", ...options].join(" "),
  );
}

function supportedTarget(device: Device): Target {
  try {
    return targetFor(device);
  } catch (cause) {
    const { hint } = cause as BackendError;
    throw unavailable(messageOf(cause).split("\n")[0] ?? "", hint, { cause });
  }
}

function unavailable(reason: string, fix: string, options?: ErrorOptions): UnavailableError {
  return new UnavailableError("The native backend cannot start", reason, fix, options);
}

import "@tensorflow/tfjs-backend-cpu";
import { cpuBackend, openBackend } from "@graftjs/backend";
import type { BackendSession } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { installedBackends } from "../project/installed-backends.ts";

/**
 * Opens the wasm backend if it is installed in the project, else tfjs's plain JavaScript backend.
 *
 * @param cwd the folder of the user's project.
 */
export async function openBestBackend(cwd: string): Promise<BackendSession> {
  tf.env().set("PROD", true);
  const installed = await installedBackends("@graftjs/backend-wasm", cwd);
  const wasm = installed.filter(({ name }) => name === "wasm").map(({ create }) => create());
  return openBackend([...wasm, cpuBackend()], "inference");
}

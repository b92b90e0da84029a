import "@tensorflow/tfjs-backend-cpu";
import { cpuBackend, openBackend } from "@graftjs/backend";
import type { BackendAdapter, BackendSession, Plugin } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { projectPackage } from "../project/project-package.ts";

const WASM = "@graftjs/backend-wasm";

/**
 * Opens the wasm backend if it is installed in the project, else tfjs's plain JavaScript backend.
 *
 * @param cwd the folder of the user's project.
 */
export async function openBestBackend(cwd: string): Promise<BackendSession> {
  tf.env().set("PROD", true);
  const installed = await projectPackage<{ plugins: readonly Plugin[] }>(WASM, cwd).catch(() => undefined);
  const plugin = installed?.plugins.find(({ kind, name }) => kind === "backend" && name === "wasm");
  const wasm = plugin ? [plugin.create({}) as BackendAdapter] : [];
  return openBackend([...wasm, cpuBackend()], "inference");
}

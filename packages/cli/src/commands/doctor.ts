import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { BackendAdapter, Plugin } from "@graftjs/core";
import { corePlugins } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { Command } from "../command.ts";
import { type Diagnosis, diagnose } from "../doctor/diagnose.ts";
import { formatDiagnoses } from "../doctor/format.ts";
import { projectPackage } from "../project-package.ts";

/** Every backend of Graft, and the package that brings it; core brings cpu. */
const BACKENDS: Readonly<Record<string, { readonly device: "cpu" | "gpu"; readonly package?: string }>> = {
  node: { device: "cpu", package: "@graftjs/backend-node" },
  webgpu: { device: "gpu", package: "@graftjs/backend-webgpu" },
  webgl: { device: "gpu", package: "@graftjs/backend-webgl" },
  wasm: { device: "cpu", package: "@graftjs/backend-wasm" },
  cpu: { device: "cpu" },
};

export const doctor: Command = {
  usage: "graft doctor [--only backend] [--json]",
  about:
    "Looks at every backend: installed or not and why, what mends it, missing kernels, ten gradients, one timing.\n" +
    "Each backend is tried in a process of its own: one that crashes is a line of the report.",
  options: { only: "string", json: "boolean" },
  async run(_positionals, { only, json }, { out, cwd }) {
    const found =
      only === undefined
        ? await Promise.all(Object.keys(BACKENDS).map((name) => inChild(name, cwd)))
        : [await lookAt(String(only), cwd)];
    out(json === true ? `${JSON.stringify(found, null, 2)}\n` : `${formatDiagnoses(found)}\n`);
  },
};

/** One backend, in this process. */
async function lookAt(name: string, cwd: string): Promise<Diagnosis> {
  // Only the process that looks at a backend needs the kernels and the gradients.
  await import("@tensorflow/tfjs-backend-cpu");
  await import("@tensorflow/tfjs-layers");
  tf.env().set("PROD", true);
  const { package: from, device = "cpu" } = BACKENDS[name] ?? {};
  const absent = (reason: string, fix: string): Diagnosis => ({
    ...{ name, device, ok: false, reason, fix },
    ...{ missingKernels: [], gradients: [] },
  });
  if (!(name in BACKENDS)) return absent("no such backend", `one of ${Object.keys(BACKENDS).join(", ")}`);
  let plugins: readonly Plugin[] = corePlugins;
  if (from !== undefined) {
    try {
      ({ plugins } = await projectPackage<{ plugins: readonly Plugin[] }>(from, cwd));
    } catch (error) {
      const { hint, message } = error as { hint?: string; message: string };
      return absent((message.split("\n")[0] as string).trim(), hint ?? `npm install ${from}`);
    }
  }
  const plugin = plugins.find((one) => one.kind === "backend" && one.name === name);
  if (!plugin) return absent(`${from} brings no backend of that name`, `npm install ${from}@latest`);
  const [diagnosis] = await diagnose([plugin.create({}) as BackendAdapter]);
  return diagnosis as Diagnosis;
}

/** The same in a child process, so that a native library that crashes takes nothing along. */
function inChild(name: string, cwd: string): Promise<Diagnosis> {
  const built = join(import.meta.dirname, "bin.js");
  const entry = existsSync(built) ? [built] : ["--import", "tsx", join(import.meta.dirname, "..", "bin.ts")];
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...entry, "doctor", "--only", name, "--json"], { cwd });
    let [text, errors] = ["", ""];
    child.stdout.on("data", (chunk) => {
      text += chunk;
    });
    child.stderr.on("data", (chunk) => {
      errors += chunk;
    });
    child.on("close", (code, signal) => {
      try {
        // A native library may print lines of its own in front.
        resolve((JSON.parse(text.slice(text.indexOf("[\n"))) as Diagnosis[])[0] as Diagnosis);
      } catch {
        const reason = `its process ended with ${signal ?? code}: ${errors.trim().split("\n").at(-1) ?? ""}`;
        const device = BACKENDS[name]?.device ?? "cpu";
        resolve({ name, device, ok: false, reason, missingKernels: [], gradients: [] });
      }
    });
  });
}

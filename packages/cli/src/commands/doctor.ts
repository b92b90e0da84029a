import { resolve } from "node:path";
import type { BackendAdapter, Plugin } from "@graftjs/core";
import { corePlugins, suggest } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { lookInChild } from "../doctor/child.ts";
import { type Diagnosis, diagnose } from "../doctor/diagnose.ts";
import { formatDiagnoses } from "../doctor/format.ts";
import { projectPackage } from "../project/project-package.ts";
import { UsageError } from "../terminal/errors.ts";
import { refuseStray } from "./arguments.ts";
import type { Command } from "./command.ts";

interface Backend {
  readonly device: "cpu" | "gpu";
  /** What brings it; core brings cpu. */
  readonly package?: string;
  /** The plugin's name where it is not the backend's, and what to create it with. */
  readonly plugin?: string;
  readonly options?: object;
}

const NATIVE = "@graftjs/backend-node";

/** Every backend of Graft. */
const BACKENDS: Readonly<Record<string, Backend>> = {
  node: { device: "cpu", package: NATIVE },
  "node-gpu": { device: "gpu", package: NATIVE, plugin: "node", options: { device: "gpu" } },
  webgpu: { device: "gpu", package: "@graftjs/backend-webgpu" },
  webgl: { device: "gpu", package: "@graftjs/backend-webgl" },
  wasm: { device: "cpu", package: "@graftjs/backend-wasm" },
  cpu: { device: "cpu" },
};

export const doctor: Command = {
  usage: "graft doctor [--only backend] [--cache folder] [--json]",
  about:
    "Looks at every backend: installed or not and why, what mends it, missing kernels, ten gradients, one timing.\n" +
    "Each backend is tried in a process of its own: one that crashes or hangs is a line of the report.\n" +
    "--cache names the folder that install-native was given.",
  options: { only: "string", cache: "string", json: "boolean" },
  async run(stray, { only, cache, json }, { out, cwd }) {
    refuseStray(doctor.usage, stray);
    if (only !== undefined && !(String(only) in BACKENDS))
      throw new UsageError(`graft doctor knows no backend \`${only}\`.`, suggest(String(only), Object.keys(BACKENDS)));
    const given = cache === undefined ? undefined : resolve(cwd, String(cache));
    const found =
      only === undefined
        ? await Promise.all(Object.keys(BACKENDS).map((name) => tryOut(name, cwd, given)))
        : [await lookAt(String(only), cwd, given)];
    out(json === true ? `${JSON.stringify(found, null, 2)}\n` : `${formatDiagnoses(found)}\n`);
  },
};

/** One backend, in this process. */
async function lookAt(name: string, cwd: string, cacheDir: string | undefined): Promise<Diagnosis> {
  // Only the process that looks at a backend needs the kernels and the gradients.
  await import("@tensorflow/tfjs-backend-cpu");
  await import("@tensorflow/tfjs-layers");
  tf.env().set("PROD", true);
  const { package: from, plugin: pluginName = name, options } = BACKENDS[name] as Backend;
  let plugins: readonly Plugin[] = corePlugins;
  if (from !== undefined) {
    try {
      ({ plugins } = await projectPackage<{ plugins: readonly Plugin[] }>(from, cwd));
    } catch (error) {
      const { hint, message } = error as { hint?: string; message: string };
      return absent(name, (message.split("\n")[0] as string).trim(), hint ?? `npm install ${from}`);
    }
  }
  const plugin = plugins.find((one) => one.kind === "backend" && one.name === pluginName);
  if (!plugin) return absent(name, `${from} brings no backend of that name`, `npm install ${from}@latest`);
  const where = from === NATIVE && cacheDir !== undefined ? { cacheDir } : {};
  const [diagnosis] = await diagnose([plugin.create({ ...options, ...where }) as BackendAdapter]);
  return { ...(diagnosis as Diagnosis), name };
}

/** The same in a child process, so that a native library that crashes takes nothing along. */
async function tryOut(name: string, cwd: string, cacheDir: string | undefined): Promise<Diagnosis> {
  const where = cacheDir === undefined ? [] : ["--cache", cacheDir];
  const answer = await lookInChild(["doctor", "--only", name, "--json", ...where], cwd);
  return typeof answer === "string" ? absent(name, answer) : answer;
}

function absent(name: string, reason: string, fix?: string): Diagnosis {
  const { device } = BACKENDS[name] as Backend;
  return { name, device, ok: false, reason, ...(fix ? { fix } : {}), missingKernels: [], gradients: [] };
}

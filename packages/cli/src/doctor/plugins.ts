import { cpuBackend } from "@graftjs/backend";
import type { BackendAdapter, Plugin, PluginOf } from "@graftjs/core";
import { projectPackage } from "../project/project-package.ts";
import type { DoctorContext, Finding } from "./doctor-check.ts";

/** A backend that the doctor knows, whether or not it is installed. */
interface KnownBackend {
  readonly name: string;
  /** Words after "Starts" in the description of the check. */
  readonly title: string;
  /** The package of the backend. Core has the cpu backend. */
  readonly package?: string;
  /** Name of the backend's plugin. @default `name` */
  readonly plugin?: string;
  /** Options of the backend. */
  readonly options?: object;
}

const NATIVE = "@graftjs/backend-node";

const BACKENDS: readonly KnownBackend[] = [
  { name: "node", title: "the node backend on the CPU", package: NATIVE },
  {
    name: "node-gpu",
    title: "the node backend with CUDA",
    package: NATIVE,
    plugin: "node",
    options: { device: "gpu" },
  },
  { name: "webgpu", title: "the webgpu backend", package: "@graftjs/backend-webgpu" },
  { name: "webgl", title: "the webgl backend", package: "@graftjs/backend-webgl" },
  { name: "wasm", title: "the wasm backend", package: "@graftjs/backend-wasm" },
  { name: "cpu", title: "the cpu backend" },
];

/** The command's own checks: one for each backend of Graft. */
export const plugins: readonly Plugin[] = BACKENDS.map((backend): PluginOf<"doctor-check"> => {
  const name = `backend-${backend.name}`;
  return {
    kind: "doctor-check",
    name,
    description: `Starts ${backend.title} and checks ten gradients`,
    create: () => ({ name, run: (context) => check(backend, context) }),
  };
});

async function check(backend: KnownBackend, context: DoctorContext): Promise<Finding> {
  const adapter = await adapterOf(backend, context);
  // Imported here because only `graft doctor` needs it.
  const { checkBackend } = await import("./check-backend.ts");
  return "ok" in adapter ? adapter : checkBackend(adapter);
}

/** Makes the backend's adapter, or the finding that says why there is none. */
async function adapterOf(
  { name, package: from, plugin: pluginName = name, options }: KnownBackend,
  { cwd, cacheDir }: DoctorContext,
): Promise<BackendAdapter | Finding> {
  if (from === undefined) return cpuBackend();
  let fromPackage: readonly Plugin[];
  try {
    ({ plugins: fromPackage } = await projectPackage<{ plugins: readonly Plugin[] }>(from, cwd));
  } catch (error) {
    const { hint, message } = error as { hint?: string; message: string };
    return { ok: false, reason: (message.split("\n")[0] as string).trim(), fix: hint ?? `npm install ${from}` };
  }
  const plugin = fromPackage.find((one) => one.kind === "backend" && one.name === pluginName);
  if (!plugin)
    return { ok: false, reason: `${from} has no backend named \`${pluginName}\``, fix: `npm install ${from}@latest` };
  const folder = from === NATIVE && cacheDir !== undefined ? { cacheDir } : {};
  return plugin.create({ ...options, ...folder }) as BackendAdapter;
}

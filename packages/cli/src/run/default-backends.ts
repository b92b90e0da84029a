import { cpuBackend } from "@graftjs/backend";
import type { BackendAdapter } from "@graftjs/core";
import type { Registry } from "@graftjs/registry";
import { installedBackends } from "../project/installed-backends.ts";

/** Packages with backends, the fastest one for most models first. */
const PACKAGES = ["@graftjs/backend-node", "@graftjs/backend-wasm"];

/**
 * Returns the backends of a recipe that names none: those of its packages, those that are installed in the project, and tfjs's own cpu
 * backend. A run takes the first one that can train.
 *
 * @param folder the recipe's folder.
 */
export async function defaultBackends(registry: Registry, folder: string): Promise<readonly BackendAdapter[]> {
  const own = registry.list("backend").filter(({ name }) => name !== "cpu");
  const named = await Promise.all(own.map(({ name }) => registry.create("backend", name)));
  const installed: BackendAdapter[] = [];
  for (const from of PACKAGES)
    for (const { name, create } of await installedBackends(from, folder))
      if (!own.some((other) => other.name === name)) installed.push(create());
  return [...named, ...installed, cpuBackend()];
}

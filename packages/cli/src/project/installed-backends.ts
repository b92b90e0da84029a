import type { BackendAdapter, Plugin } from "@graftjs/core";
import { projectPackage } from "./project-package.ts";

/**
 * Lists the backends of a package that is installed in the project. `create` makes one with its defaults.
 *
 * @param folder the folder of the user's project.
 * @returns empty if the package is not installed or cannot be loaded.
 */
export async function installedBackends(
  name: string,
  folder: string,
): Promise<readonly { readonly name: string; readonly create: () => BackendAdapter }[]> {
  const found = await projectPackage<{ plugins: readonly Plugin[] }>(name, folder).catch(() => undefined);
  return (found?.plugins ?? [])
    .filter(({ kind }) => kind === "backend")
    .map((plugin) => ({ name: plugin.name, create: () => plugin.create({}) as BackendAdapter }));
}

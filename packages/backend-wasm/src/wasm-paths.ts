/** Where the three `.wasm` files of `@tensorflow/tfjs-backend-wasm` are: a folder (ending in "/"), or one path for each file. */
export type WasmPaths = string | { readonly [fileName: string]: string };

/** Name of the peer whose `.wasm` files are loaded. */
const PEER = "@tensorflow/tfjs-backend-wasm";

/**
 * Folder of the peer's `.wasm` files in Node, found from the app and then from this module, so that a bundled app needs
 * no copy of them. Undefined in browsers and where the peer is not on disk: tfjs then looks beside its own script.
 */
export async function nodeWasmFolder(): Promise<string | undefined> {
  if (typeof process === "undefined" || !process.versions?.node) return undefined;
  // Computed names keep bundlers for the browser from resolving Node's modules.
  const [{ createRequire }, path, { pathToFileURL }] = await Promise.all([
    import(/* @vite-ignore */ `${"node"}:module`) as Promise<typeof import("node:module")>,
    import(/* @vite-ignore */ `${"node"}:path`) as Promise<typeof import("node:path")>,
    import(/* @vite-ignore */ `${"node"}:url`) as Promise<typeof import("node:url")>,
  ]);
  const here = typeof import.meta.url === "string" ? [import.meta.url] : [];
  for (const from of [...here, pathToFileURL(path.join(process.cwd(), "index.js")).href]) {
    try {
      return `${path.dirname(createRequire(from).resolve(`${PEER}/package.json`))}/dist/`;
    } catch {
      // Not visible from there; the other place may see it.
    }
  }
  return undefined;
}

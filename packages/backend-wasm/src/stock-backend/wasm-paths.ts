/** Where the three `.wasm` files of `@tensorflow/tfjs-backend-wasm` are: a folder (ending in "/"), or one path for each file. */
export type WasmPaths = string | { readonly [fileName: string]: string };

/** Name of the peer whose `.wasm` files are loaded. */
const PEER = "@tensorflow/tfjs-backend-wasm";

interface NodeProcess {
  readonly versions?: { readonly node?: string };
  cwd(): string;
  getBuiltinModule?(name: string): unknown;
}

/**
 * Folder of the peer's `.wasm` files: in Node the installed peer, seen from this module or from the working folder, so that
 * a bundled app needs no copy of them; in a browser the page's own folder where it serves them, else jsDelivr, in the
 * peer's version.
 *
 * @returns undefined where tfjs's own guess, beside its script, is all there is.
 */
export function wasmFolder(peerVersion: string): Promise<string | undefined> {
  const { process } = globalThis as { process?: NodeProcess };
  return process?.versions?.node ? Promise.resolve(nodeFolder(process)) : browserFolder(peerVersion);
}

function nodeFolder(process: NodeProcess): string | undefined {
  // Asked of the process and not imported: a bundler for the browser would look for Node's modules.
  const node = process.getBuiltinModule?.("node:module") as typeof import("node:module") | undefined;
  if (!node) return undefined;
  // A CommonJS bundle has no import.meta.url.
  for (const from of [import.meta.url as string | undefined, `${process.cwd()}/index.js`]) {
    try {
      const manifest = node.createRequire(from as string).resolve(`${PEER}/package.json`);
      return `${manifest.slice(0, -"package.json".length)}dist/`;
    } catch {
      // Not visible from there; the other place may see it.
    }
  }
  return undefined;
}

async function browserFolder(peerVersion: string): Promise<string | undefined> {
  const { location, document } = globalThis as { location?: Location; document?: Document };
  const base = document?.baseURI ?? location?.href;
  if (!base?.startsWith("http")) return undefined;
  const beside = new URL("..", base).href;
  try {
    const answer = await fetch(`${beside}tfjs-backend-wasm-simd.wasm`, { method: "HEAD" });
    // Development servers answer any path with the page.
    if (answer.ok && !answer.headers.get("content-type")?.includes("html")) return beside;
  } catch {
    // Offline, or not allowed to ask: the network has the last word below.
  }
  return `https://cdn.jsdelivr.net/npm/${PEER}@${peerVersion}/dist/`;
}

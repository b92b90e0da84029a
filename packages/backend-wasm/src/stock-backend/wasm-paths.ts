/**
 * Location of the three `.wasm` files of `@tensorflow/tfjs-backend-wasm`: a folder (ending in "/"), or one path per file
 * name.
 */
export type WasmPaths = string | { readonly [fileName: string]: string };

/** Name of the peer whose `.wasm` files are loaded. */
const PEER = "@tensorflow/tfjs-backend-wasm";

interface NodeProcess {
  readonly versions?: { readonly node?: string };
  cwd(): string;
  getBuiltinModule?(name: string): unknown;
}

/**
 * Finds the folder of the peer's `.wasm` files.
 *
 * - In Node: the folder of the installed peer, resolved from this module or from the working folder. A bundled app needs
 *   no copy of the files.
 * - In a browser: the page's own folder if it serves them, else jsDelivr in the peer's version.
 *
 * @returns undefined if nothing is found; tfjs then looks beside its own script.
 */
export function wasmFolder(peerVersion: string): Promise<string | undefined> {
  const { process } = globalThis as { process?: NodeProcess };
  return process?.versions?.node ? Promise.resolve(nodeFolder(process)) : browserFolder(peerVersion);
}

function nodeFolder(process: NodeProcess): string | undefined {
  // Taken from the process instead of imported: a bundler for the browser would try to resolve Node's modules.
  const node = process.getBuiltinModule?.("node:module") as typeof import("node:module") | undefined;
  if (!node) return undefined;
  // A CommonJS bundle has no import.meta.url.
  for (const from of [import.meta.url as string | undefined, `${process.cwd()}/index.js`]) {
    try {
      const manifest = node.createRequire(from as string).resolve(`${PEER}/package.json`);
      return `${manifest.slice(0, -"package.json".length)}dist/`;
    } catch {
      // The peer cannot be resolved from this place; try the next one.
    }
  }
  return undefined;
}

async function browserFolder(peerVersion: string): Promise<string | undefined> {
  const { location, document } = globalThis as { location?: Location; document?: Document };
  const base = document?.baseURI ?? location?.href;
  if (!base?.startsWith("http")) return undefined;
  const beside = new URL("./", base).href;
  try {
    const answer = await fetch(`${beside}tfjs-backend-wasm-simd.wasm`, { method: "HEAD" });
    // Development servers answer every unknown path with the page itself.
    if (answer.ok && !answer.headers.get("content-type")?.includes("html")) return beside;
  } catch {
    // The page is offline or may not fetch from there; use the CDN.
  }
  return `https://cdn.jsdelivr.net/npm/${PEER}@${peerVersion}/dist/`;
}

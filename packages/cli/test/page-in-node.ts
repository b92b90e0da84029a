import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createContext, runInContext } from "node:vm";
import sharp from "sharp";

// biome-ignore lint/suspicious/noExplicitAny: the globals of a script have no types.
type Globals = any;

/** Returns the path of one of the page's own scripts. */
export const pageFile = (name: string): string => join(import.meta.dirname, "../page", name);

/** Runs classic scripts one after the other. Returns their globals. @param globals names that they find */
export function scripts(...[first, ...rest]: readonly (string | object)[]): Globals {
  const [globals, files] = typeof first === "object" ? [first, rest] : [{}, [first, ...rest]];
  const context = createContext(globals);
  // tfjs looks for a browser by this name.
  context.window = context;
  for (const file of files) runInContext(readFileSync(String(file), "utf8"), context, { filename: String(file) });
  return context;
}

interface Stub {
  textContent: string;
  disabled: boolean;
  files: readonly unknown[];
  [key: string]: unknown;
}

/** Opens an exported page in a context with the few parts of a browser that it uses, and drops a picture. Returns its answer. */
export async function answerOfPage(site: string, picture: string): Promise<string> {
  const { data, info } = await sharp(picture).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  const listeners = new Map<string, (event: object) => void>();
  const elements = new Map<string, Stub>();
  const element = (): Stub => ({
    ...{ textContent: "", disabled: true, files: [], replaceChildren() {}, append() {}, setAttribute() {} },
    addEventListener() {},
    getContext: () => ({ fillRect() {}, drawImage() {}, getImageData: () => ({ data, ...info }) }),
  });
  const byId = (id: string): Stub => {
    const found = elements.get(id) ?? element();
    elements.set(id, found);
    return found;
  };
  const html = readFileSync(join(site, "index.html"), "utf8");
  const files = [...html.matchAll(/<script defer src="([^"]+)"/g)].map(([, name]) => join(site, name as string));
  scripts(
    {
      document: {
        body: { classList: { add() {}, remove() {} } },
        getElementById: byId,
        createElement: element,
        addEventListener: (name: string, listener: (event: object) => void) => listeners.set(name, listener),
      },
      ...{ location: { protocol: "file:" }, URL: { createObjectURL: () => "blob:1", revokeObjectURL() {} } },
      createImageBitmap: async () => ({ ...info, close() {} }),
      ...{ atob, performance, setTimeout, clearTimeout, setImmediate, console: { warn() {}, info() {}, log() {} } },
      ...{ TextEncoder, TextDecoder, navigator: { userAgent: "test" } },
    },
    ...files,
  );
  const drop = listeners.get("drop") as (event: object) => void;
  drop({ preventDefault() {}, dataTransfer: { files: [{ name: "picture.png" }] } });
  const status = byId("status");
  while (!/%|cannot/.test(status.textContent)) await new Promise((resolve) => setTimeout(resolve, 5));
  return status.textContent;
}

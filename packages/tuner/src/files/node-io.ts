import type { FileIo } from "./io.ts";

type Fs = typeof import("node:fs/promises");

/** Node's file system. Loaded when first used, so that bundles for browsers hold no trace of it. */
export function nodeIo(): FileIo {
  // Not a literal: bundlers would try to resolve it.
  const specifier = "node:fs/promises";
  const load = (): Promise<Fs> => import(/* @vite-ignore */ specifier) as Promise<Fs>;
  return {
    async writeFlushed(path, bytes) {
      const { open } = await load();
      const file = await open(path, "w");
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
    },
    append: async (path, bytes) => (await load()).appendFile(path, bytes),
    rename: async (from, to) => (await load()).rename(from, to),
    async flushFolder(path) {
      const { open } = await load();
      const folder = await open(path, "r").catch(unsupported);
      if (!folder) return;
      try {
        await folder.sync().catch(unsupported);
      } finally {
        await folder.close();
      }
    },
    remove: async (path) => (await load()).rm(path, { force: true }),
    makeFolder: async (path) => void (await (await load()).mkdir(path, { recursive: true })),
    async read(path) {
      const { readFile } = await load();
      return readFile(path).then(
        (buffer) => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength),
        absent,
      );
    },
    async list(path) {
      const { readdir } = await load();
      return (await readdir(path).catch(absent)) ?? [];
    },
  };
}

/** Windows cannot flush a folder; its renames are journalled. */
function unsupported(error: NodeJS.ErrnoException): undefined {
  if (error.code === "EISDIR" || error.code === "EPERM" || error.code === "EINVAL") return undefined;
  throw error;
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code === "ENOENT") return undefined;
  throw error;
}

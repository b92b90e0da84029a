import { folderOf } from "./folder-of.ts";
import type { FileIo } from "./io.ts";

type Fs = typeof import("node:fs/promises");

/** Uses Node's file system. The module is loaded on first use, so that bundles for browsers do not contain it. */
export function nodeIo(): FileIo {
  // The specifier is a variable, because bundlers would try to resolve a literal.
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
    makeFolder: async (path) => makeFolder(await load(), path),
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

/** Creates a folder and its parents. Node's recursive `mkdir` never returns on file systems without new folders, such as /proc. */
async function makeFolder(fs: Fs, path: string): Promise<void> {
  try {
    await fs.mkdir(path);
  } catch (error) {
    const isFolder = await fs.stat(path).then(
      (stats) => stats.isDirectory(),
      () => false,
    );
    if (isFolder) return;
    const parent = folderOf(path);
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || parent === path) throw error;
    await makeFolder(fs, parent);
    await fs.mkdir(path).catch(present);
  }
}

/** Ignores the error that another process has created the folder meanwhile. */
function present(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST") throw error;
}

/** Ignores that Windows cannot flush folders. Its renames are journalled, so they do not need it. */
function unsupported(error: NodeJS.ErrnoException): undefined {
  if (error.code === "EISDIR" || error.code === "EPERM" || error.code === "EINVAL") return undefined;
  throw error;
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code === "ENOENT") return undefined;
  throw error;
}

import { LoadError } from "../../files/load-error.ts";

/** The part of h5wasm's in-memory file system that Graft uses. */
export interface H5FileSystem {
  open: (path: unknown, ...rest: unknown[]) => unknown;
  readonly ErrnoError: new (code: number) => Error;
  analyzePath(path: string): { readonly exists: boolean };
  lookupPath(path: string): { readonly node: { readonly mount?: unknown } };
  writeFile(path: string, bytes: Uint8Array): void;
  unlink(path: string): void;
}

/**
 * Writes bytes to a file with a new name in h5wasm's memory.
 *
 * @returns the path of the file.
 * @throws LoadError if this build of h5wasm works on the real disk: it would overwrite files of the current folder.
 */
export function writeToMemory(FS: H5FileSystem, bytes: Uint8Array): string {
  // Only the in-memory file system has mount points.
  if (FS.lookupPath("/").node.mount === undefined)
    throw new LoadError(
      "`h5wasm/node` reads and writes files on the disk.",
      'Pass `await import("h5wasm")`: it works in memory, in Node and in browsers.',
    );
  let n = 0;
  while (FS.analyzePath(`/graft-${n}.h5`).exists) n++;
  FS.writeFile(`/graft-${n}.h5`, bytes);
  return `/graft-${n}.h5`;
}

/**
 * Runs a call of the HDF5 library that may open only the file at `path`. External storage, virtual datasets and external links open
 * other files.
 *
 * @throws LoadError if the library asks for another file, or if the call throws.
 */
export function openingOnly<T>(FS: H5FileSystem, path: string, call: () => T): T {
  const { open } = FS;
  let other: string | undefined;
  FS.open = (asked, ...rest) => {
    if (asked === path) return open.call(FS, asked, ...rest);
    other ??= String(asked);
    throw new FS.ErrnoError(ENOENT);
  };
  try {
    const result = call();
    if (other === undefined) return result;
  } catch (cause) {
    if (other === undefined) throw damaged(cause);
  } finally {
    FS.open = open;
  }
  throw outside(`the file ${JSON.stringify(other)}`);
}

/** Creates the error for HDF5 data that cannot be read. */
export function damaged(cause?: unknown): LoadError {
  if (cause instanceof LoadError) return cause;
  return new LoadError("The HDF5 file is cut off or damaged.", "Copy or save the file again.", { cause });
}

/** Creates the error for HDF5 data that lie in another file. @param where the place, for the message. */
export function outside(where: string): LoadError {
  return new LoadError(
    `The HDF5 file refers to ${where}.`,
    "Save the model again with all weights in one file. References are refused, because a downloaded model could read any file that way.",
  );
}

/** Emscripten's number of the error "no such file". */
const ENOENT = 44;

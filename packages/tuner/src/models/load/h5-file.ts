import { LoadError } from "./load-safetensors.ts";

/** As much of the package `h5wasm` as is used. */
export interface H5Wasm {
  readonly ready: Promise<{
    readonly FS: { writeFile(path: string, bytes: Uint8Array): void; unlink(path: string): void };
  }>;
  readonly File: new (path: string, mode: string) => H5Group & { readonly file_id: bigint; close(): unknown };
}
export interface H5Group {
  readonly attrs: Readonly<Record<string, { readonly value: unknown } | undefined>>;
  get(path: string): unknown;
}
export interface H5Dataset {
  readonly shape: number[];
  readonly value: Float32Array;
}

/** Opens a file in h5wasm's own file system for as long as `use` takes. @throws LoadError where it is no HDF5 file. */
export async function withH5<T>(bytes: Uint8Array, h5wasm: H5Wasm, use: (file: H5Group) => T | Promise<T>): Promise<T> {
  const { FS } = await h5wasm.ready;
  if (SIGNATURE.some((byte, i) => bytes[i] !== byte))
    throw new LoadError("This is no HDF5 file.", "Is the file whole?");
  const path = `graft-${count++}.h5`;
  FS.writeFile(path, bytes);
  try {
    const file = opened(h5wasm, path);
    try {
      return await use(file);
    } finally {
      file.close();
    }
  } finally {
    FS.unlink(path);
  }
}

/** HDF5 File Format Specification, superblock. */
const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

let count = 0;

/** h5wasm throws for some files and hands out an invalid handle for others. */
function opened({ File }: H5Wasm, path: string): InstanceType<H5Wasm["File"]> {
  let file: InstanceType<H5Wasm["File"]>;
  try {
    file = new File(path, "r");
  } catch (cause) {
    throw new LoadError("This is no HDF5 file.", "Is the file whole?", { cause });
  }
  if (file.file_id >= 0) return file;
  throw new LoadError("The HDF5 file is cut off or damaged.", "Is the file whole?");
}

import { LoadError } from "./load-safetensors.ts";

/** The part of the package `h5wasm` that Graft uses. */
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

/** Opens an HDF5 file in h5wasm's file system, calls `use`, and closes the file. @throws LoadError if `bytes` is not an HDF5 file. */
export async function withH5<T>(bytes: Uint8Array, h5wasm: H5Wasm, use: (file: H5Group) => T | Promise<T>): Promise<T> {
  const { FS } = await h5wasm.ready;
  if (SIGNATURE.some((byte, i) => bytes[i] !== byte))
    throw new LoadError("This is not an HDF5 file.", "Is the file complete?");
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

/** First bytes of every HDF5 file (HDF5 File Format Specification, superblock). */
const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

let count = 0;

/** Opens a file. h5wasm throws for some damaged files and returns an invalid handle for others. */
function opened({ File }: H5Wasm, path: string): InstanceType<H5Wasm["File"]> {
  let file: InstanceType<H5Wasm["File"]>;
  try {
    file = new File(path, "r");
  } catch (cause) {
    throw new LoadError("This is not an HDF5 file.", "Is the file complete?", { cause });
  }
  if (file.file_id >= 0) return file;
  throw new LoadError("The HDF5 file is cut off or damaged.", "Copy or save the file again.");
}

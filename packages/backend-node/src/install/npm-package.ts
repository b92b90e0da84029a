import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve, sep } from "node:path";
import { parseTarGzip } from "nanotar";
import { assertSpace, ChecksumError, DownloadError } from "../errors.ts";
import { run, tail } from "./run.ts";

/** A package of the npm registry, with the sha512 of its archive. */
export interface PinnedPackage {
  readonly spec: string;
  readonly sha512: string;
}

/** The JavaScript half of the backend: tfjs-node's kernels, which call the binding. Its install script does not run. */
export const TFJS_NODE: PinnedPackage = {
  spec: "@tensorflow/tfjs-node@4.22.0",
  sha512: "uHrXeUlfgkMxTZqHkESSV7zSdKdV0LlsBeblqkuKU9nnfxB1pC6DtoyYVaLxznzZy7WQSegjcohxxCjAf6Dc7w==",
};
/** Node-API's headers, for compiling the binding. */
export const NODE_API_HEADERS: PinnedPackage = {
  spec: "node-api-headers@1.9.0",
  sha512: "2oNILP4jXwRB4ywnYKjVk1YyJ96n2D4EOVJO6S3oYZ5PtbJrw3Yt9TpAuX3nBLMuzn74rnfGQrv13pS9vC+YiA==",
};

/**
 * Downloads a package by npm, with the user's own configuration, checks it and unpacks it.
 *
 * @param keep decides which files to unpack, by their path in the package.
 * @returns the size of each file in bytes, by path.
 * @throws DownloadError, ChecksumError, or an error with code ENOSPC if npm reports a full disk.
 */
export async function npmPackage(
  { spec, sha512 }: PinnedPackage,
  into: string,
  keep: (path: string) => boolean,
): Promise<Readonly<Record<string, number>>> {
  mkdirSync(into, { recursive: true });
  const { status, stdout, stderr } = await run("npm", ["pack", spec, "--json", "--pack-destination", into]);
  const archive = status === 0 ? join(into, packedName(stdout)) : "";
  if (status !== 0 || !existsSync(archive)) {
    assertSpace(stderr);
    throw new DownloadError(
      `npm could not fetch ${spec}: ${tail(stderr)}`,
      `Check the network and npm's registry (npm config get registry). Or add the package to the project, because the installer looks there first: npm install --ignore-scripts ${spec}`,
    );
  }
  const bytes = readFileSync(archive);
  if (createHash("sha512").update(bytes).digest("base64") !== sha512) {
    throw new ChecksumError(
      `npm's ${spec} is not the archive that Graft was tested with.`,
      "It was damaged during the download, or the registry serves another one. Try again, or configure another registry in npm.",
    );
  }
  const sizes: Record<string, number> = {};
  for (const { name, data, type } of await parseTarGzip(bytes)) {
    const path = name.replace(/^[^/]+\//, "");
    if (type !== "file" || data === undefined || !keep(path)) continue;
    const target = join(into, path);
    if (!resolve(target).startsWith(resolve(into) + sep))
      throw new ChecksumError(`${spec} has a file outside its folder: ${name}.`, "Do not use this archive.");
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, data);
    sizes[path] = data.byteLength;
  }
  return sizes;
}

/** Returns the file name from the output of `npm pack --json`, which is a list, or an object by name in npm 12. */
function packedName(stdout: string): string {
  const packed = JSON.parse(stdout) as { filename?: string }[] | Record<string, { filename?: string }>;
  return Object.values(packed)[0]?.filename ?? "";
}

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve, sep } from "node:path";
import { parseTarGzip } from "nanotar";
import { assertSpace, ChecksumError, DownloadError } from "../errors.ts";
import { run, tail } from "./run.ts";

/** One archive of the npm registry, by its integrity. */
export interface PinnedPackage {
  readonly spec: string;
  readonly sha512: string;
}

/** The JavaScript half of the backend: tfjs-node's kernels, which speak to the binding. Its install script is not run. */
export const TFJS_NODE: PinnedPackage = {
  spec: "@tensorflow/tfjs-node@4.22.0",
  sha512: "uHrXeUlfgkMxTZqHkESSV7zSdKdV0LlsBeblqkuKU9nnfxB1pC6DtoyYVaLxznzZy7WQSegjcohxxCjAf6Dc7w==",
};
/** Node-API's headers, for compiling. */
export const NODE_API_HEADERS: PinnedPackage = {
  spec: "node-api-headers@1.9.0",
  sha512: "2oNILP4jXwRB4ywnYKjVk1YyJ96n2D4EOVJO6S3oYZ5PtbJrw3Yt9TpAuX3nBLMuzn74rnfGQrv13pS9vC+YiA==",
};

/**
 * Has npm fetch an archive, with the registry of the user's own configuration, checks it and unpacks it.
 *
 * @param keep says which files to unpack, by their path in the package.
 * @returns size in bytes by path.
 * @throws DownloadError, ChecksumError; an ENOSPC where npm complains of a full disk
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
      `Check the network and npm's registry (npm config get registry), or add it to the project, where the installer looks first: npm install --ignore-scripts ${spec}`,
    );
  }
  const bytes = readFileSync(archive);
  if (createHash("sha512").update(bytes).digest("base64") !== sha512) {
    throw new ChecksumError(
      `npm's ${spec} is not the archive that Graft was tested with.`,
      "It was damaged on its way, or the registry serves another one. Try again, or name another registry to npm.",
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

/** `npm pack --json` prints a list; npm 12 prints an object by name. */
function packedName(stdout: string): string {
  const packed = JSON.parse(stdout) as { filename?: string }[] | Record<string, { filename?: string }>;
  return Object.values(packed)[0]?.filename ?? "";
}

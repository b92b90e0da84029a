import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { npmPackage, TFJS_NODE } from "./npm-package.ts";

/** Key on `globalThis` at which tfjs-node's files find the caller's tfjs-core. */
export const TFJS_KEY = "graft.backend-node.tfjs";

/** Folder of tfjs-node's compiled JavaScript inside an install. */
export const JS_HALF: string = join("js", "tfjs-node", "dist");

/**
 * Puts tfjs-node's JavaScript into `tree`. It comes from the project if that has the same version, and otherwise from npm.
 *
 * tfjs-node requires `@tensorflow/tfjs`. A replacement for that package returns the caller's tfjs-core, so that one cache serves
 * all projects and no second tfjs is loaded.
 *
 * @returns its origin, for the report.
 */
export async function placeJsHalf(tree: string, projectDir: string): Promise<string> {
  const folder = join(tree, "js", "tfjs-node");
  const installed = installedTfjsNode(projectDir);
  if (installed !== undefined) {
    cpSync(join(installed, "dist"), join(folder, "dist"), {
      recursive: true,
      filter: (path) => !/_test\.|\.d\.ts$/.test(path),
    });
  } else {
    await npmPackage(
      TFJS_NODE,
      folder,
      (path) => path.startsWith("dist/") && path.endsWith(".js") && !path.includes("_test."),
    );
    for (const leftover of ["tensorflow-tfjs-node-4.22.0.tgz"]) rmSync(join(folder, leftover), { force: true });
  }
  // This file belongs to tfjs-node's TensorBoard writer, which Graft does not offer. The original requires google-protobuf.
  mkdirSync(join(folder, "dist", "proto"), { recursive: true });
  writeFileSync(join(folder, "dist", "proto", "api_pb.js"), "module.exports = {};\n");
  for (const name of ["tfjs", "tfjs-core"]) {
    const standIn = join(tree, "js", "node_modules", "@tensorflow", name);
    mkdirSync(standIn, { recursive: true });
    writeFileSync(join(standIn, "index.js"), `module.exports = globalThis[Symbol.for(${JSON.stringify(TFJS_KEY)})];\n`);
  }
  // The files are CommonJS. Say so, in case the cache is inside a project of ES modules.
  writeFileSync(join(tree, "package.json"), '{ "type": "commonjs", "private": true }\n');
  return installed === undefined
    ? `${TFJS_NODE.spec} from npm, without its install script`
    : `${TFJS_NODE.spec} from ${installed}`;
}

/** Returns the folder of the project's tfjs-node if it has the version that Graft was tested with, built or not. */
export function installedTfjsNode(projectDir: string): string | undefined {
  try {
    const manifest = createRequire(join(projectDir, "package.json")).resolve("@tensorflow/tfjs-node/package.json");
    const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version?: string };
    return TFJS_NODE.spec.endsWith(`@${version}`) ? dirname(manifest) : undefined;
  } catch {
    return undefined; // not installed
  }
}

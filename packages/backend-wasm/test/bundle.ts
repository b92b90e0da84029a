import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";

const packageFolder = join(import.meta.dirname, "..");

/** tfjs's wasm glue is CommonJS inside an ES module. It uses variables that Node defines only for CommonJS; see README.md. */
const ESM_BANNER =
  'import { createRequire } from "node:module"; const require = createRequire(import.meta.url); const __filename = import.meta.filename; const __dirname = import.meta.dirname;';

/** Bundles bundle-entry.ts for Node. */
export async function bundleForNode(outfile: string, format: "esm" | "cjs"): Promise<void> {
  const banner = format === "esm" ? { js: ESM_BANNER } : {};
  const entryPoints = [join(import.meta.dirname, "bundle-entry.ts")];
  await build({ entryPoints, bundle: true, platform: "node", format, outfile, banner, logLevel: "silent" });
}

/** Runs the bundle in a folder without .wasm files and returns its output. */
export async function output(
  file: string,
  node: string = process.execPath,
): Promise<{ gradient: number; missing: string[] }> {
  const { stdout } = await promisify(execFile)(node, [file], { cwd: packageFolder, timeout: 60_000 });
  return JSON.parse(stdout.split("\n").find((line) => line.startsWith("{")) ?? "{}");
}

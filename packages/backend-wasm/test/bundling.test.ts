import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const run = promisify(execFile);
const packageFolder = join(import.meta.dirname, "..");
// Inside the package, so that what a bundle leaves outside is found as in an app; outside its sources.
mkdirSync(join(packageFolder, "node_modules/.cache"), { recursive: true });
const folder = mkdtempSync(join(packageFolder, "node_modules/.cache/bundle-"));
const entry = join(import.meta.dirname, "bundle-entry.ts");

beforeAll(() => writeFileSync(join(folder, "package.json"), "{}"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a bundle in a folder that has no .wasm files. */
async function output(file: string, node = process.execPath): Promise<{ gradient: number; missing: string[] }> {
  const { stdout } = await run(node, [file], { cwd: packageFolder, timeout: 60_000 });
  return JSON.parse(stdout.split("\n").find((line) => line.startsWith("{")) ?? "{}");
}

describe("bundled", () => {
  it.each([
    ["esm", "mjs"],
    ["cjs", "cjs"],
  ] as const)("by esbuild as %s for Node, with no copy of the .wasm files, it trains", async (format, extension) => {
    const outfile = join(folder, `node.${extension}`);
    const banner =
      format === "esm"
        ? {
            js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url); const __filename = import.meta.filename; const __dirname = import.meta.dirname;',
          }
        : {};
    await build({ entryPoints: [entry], bundle: true, platform: "node", format, outfile, banner, logLevel: "silent" });
    expect(await output(outfile)).toEqual({ gradient: 4, missing: [] });
  });

  // Other Nodes are not in the repository (100 MB each): GRAFT_NODES names their binaries, separated by ":".
  it.each((process.env.GRAFT_NODES ?? process.execPath).split(":"))("trains in %s", async (node) => {
    const outfile = join(folder, "nodes.cjs");
    await build({ entryPoints: [entry], bundle: true, platform: "node", format: "cjs", outfile, logLevel: "silent" });
    expect(await output(outfile, node)).toEqual({ gradient: 4, missing: [] });
  });

  it("is at most 60 kB minified and gzipped, both builds of the kernels included", async () => {
    const { outputFiles } = await build({
      entryPoints: [join(packageFolder, "src/index.ts")],
      bundle: true,
      minify: true,
      write: false,
      format: "esm",
      platform: "neutral",
      external: ["@tensorflow/*", "@graftjs/*"],
    });
    const bytes = gzipSync(outputFiles[0]?.contents as Uint8Array, { level: 9 }).length;
    console.log(`min+gzip: ${bytes} bytes`);
    expect(bytes).toBeLessThanOrEqual(60_000);
    // The figure in README.md.
    expect(bytes).toBeGreaterThan(20_000);
  });
});

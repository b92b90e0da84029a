import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleForNode, output } from "./bundle.ts";

const packageFolder = join(import.meta.dirname, "..");
// The folder is inside the package, so that modules that are not bundled are found as in an app, but outside its sources.
mkdirSync(join(packageFolder, "node_modules/.cache"), { recursive: true });
const folder = mkdtempSync(join(packageFolder, "node_modules/.cache/bundle-"));

beforeAll(() => writeFileSync(join(folder, "package.json"), "{}"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("bundled", () => {
  it.each([
    ["esm", "mjs"],
    ["cjs", "cjs"],
  ] as const)("by esbuild as %s for Node, it trains without copied .wasm files", async (format, extension) => {
    const outfile = join(folder, `node.${extension}`);
    await bundleForNode(outfile, format);
    expect(await output(outfile)).toEqual({ gradient: 4, missing: [] });
  });

  // Other versions of Node are 100 MB each. `pnpm --filter @graftjs/backend-wasm nodes` downloads them and writes the results.
  it("trained in Node 20, 22 and 24 when it was last run there", () => {
    const { nodes } = JSON.parse(readFileSync(new URL("../bench/nodes.json", import.meta.url), "utf8")) as {
      readonly nodes: Readonly<Record<string, unknown>>;
    };
    expect(Object.keys(nodes).map((version) => version.split(".")[0])).toEqual(["v20", "v22", "v24"]);
    for (const printed of Object.values(nodes)) expect(printed).toEqual({ gradient: 4, missing: [] });
  });

  it("is at most 60 kB minified and gzipped, including both builds of the kernels", async () => {
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
    // README.md gives this figure.
    expect(bytes).toBeGreaterThan(20_000);
  });
});

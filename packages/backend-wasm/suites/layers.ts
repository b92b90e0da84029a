/**
 * Runs tfjs-layers' own tests on this backend, with the published tfjs-layers. Its package on npm has no tests, so
 * GRAFT_TFJS_SOURCE must name a checkout of tensorflow/tfjs at the tag of the installed version. Writes layers.json.
 *
 *   GRAFT_TFJS_SOURCE=/path/to/tfjs pnpm --filter @graftjs/backend-wasm suites:layers [--only conv2d]
 */
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { Plugin } from "esbuild";
import { coreFolder, type Exception, runSuite } from "./run.ts";

const { only } = parseArgs({ options: { only: { type: "string", default: "" } } }).values;
const checkout = process.env.GRAFT_TFJS_SOURCE;
if (!checkout) {
  console.error(
    "GRAFT_TFJS_SOURCE is not set. Set it to a checkout of tensorflow/tfjs; the package of tfjs-layers on npm has no tests.",
  );
  process.exit(2);
}
const source = resolve(checkout, "tfjs-layers/src");
const manifest = createRequire(import.meta.url).resolve("@tensorflow/tfjs-layers/package.json");
const published = join(dirname(manifest), "dist");

const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith("_test.ts"));

/** Resolves the tests' imports of sources to the published package. */
const fromPublished: Plugin = {
  name: "published-layers",
  setup(build) {
    build.onResolve({ filter: /^\.{1,2}\// }, ({ path, importer }) => {
      if (!importer.startsWith(source)) return undefined;
      const file = join(published, `${relative(source, resolve(dirname(importer), path))}.js`);
      return existsSync(file) ? { path: file } : undefined;
    });
  },
};

const exceptions: readonly Exception[] = [
  {
    name: /^ConvLSTM2DCell .*channelsFirst/,
    message: /has no NCHW kernels/,
    reason: "NCHW, which throws an error that names the kernel",
  },
  {
    name: /^(TransformerDecoder one training step|GPT2Backbone)/,
    message: /Invalid typed array length/,
    reason: "layers of tfjs that add a list instead of a tensor, which is NaN or a leak on cpu",
  },
];

const result = await runSuite({
  imports: ["@tensorflow/tfjs-backend-cpu"],
  tests: files.map((file) => `require(${JSON.stringify(join(source, file))});`).join("\n"),
  exceptions,
  only,
  build: {
    plugins: [fromPublished],
    nodePaths: [resolve(import.meta.dirname, "../node_modules")],
    alias: { "@tensorflow/tfjs-core/dist": coreFolder, "@tensorflow/tfjs-layers": join(published, "index.js") },
  },
});
console.log(JSON.stringify({ files: files.length, ...result }, null, 2));
if (only === "") {
  writeFileSync(
    new URL("layers.json", import.meta.url),
    `${JSON.stringify({ files: files.length, ...result }, null, 2)}\n`,
  );
}
process.exit(result.failed.length > 0 || result.passed === 0 ? 1 : 0);

import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, it } from "vitest";
import { nativeBackend } from "../src/index.ts";

const folder = mkdtempSync(join(tmpdir(), "graft-loading-"));
const bundle = join(folder, "load.cjs");
beforeAll(async () => {
  await build({
    stdin: {
      contents: `
        import * as tf from "@tensorflow/tfjs-core";
        import { nativeBackend } from "${join(import.meta.dirname, "../src/adapter.ts")}";
        nativeBackend().init().then(async () => {
          const a = tf.tensor2d([[1, 2], [3, 4]]);
          console.log(JSON.stringify({ version: process.version, product: Array.from(await tf.matMul(a, a).data()) }));
        });`,
      resolveDir: import.meta.dirname,
    },
    bundle: true,
    platform: "node",
    format: "cjs",
    outfile: bundle,
    logLevel: "error",
    define: { "import.meta.url": "importMetaUrl" },
    banner: { js: 'const importMetaUrl = require("node:url").pathToFileURL(__filename).href;' },
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// GRAFT_NODES names binaries of other versions of Node, separated by ":". They are not in the repository (100 MB each).
it.each((process.env.GRAFT_NODES ?? process.execPath).split(":"))("loads and multiplies in %s", (node) => {
  const version = execFileSync(node, ["-p", "process.version"], { encoding: "utf8" }).trim();
  const out = execFileSync(node, [bundle], { encoding: "utf8" });
  expect(JSON.parse(out.trim().split("\n").at(-1) as string)).toEqual({ version, product: [7, 10, 15, 22] });
});

const mapped = (): boolean => readFileSync("/proc/self/maps", "utf8").includes("libtensorflow");

it.runIf(existsSync("/proc/self/maps"))("a probe finds the install without loading it; init loads it", async () => {
  expect(mapped()).toBe(false);
  expect(await nativeBackend().availability()).toMatchObject({ ok: true });
  expect(mapped()).toBe(false);
  expect(tf.findBackendFactory("tensorflow")).toBeNull();
  await nativeBackend().init();
  expect(mapped()).toBe(true);
});

it("dilated depthwise convolution, which TensorFlow supports only through oneDNN, works by default", async () => {
  await nativeBackend().init();
  if (process.arch === "x64") expect(process.env.TF_ENABLE_ONEDNN_OPTS).toBe("1");
  const ones = tf.depthwiseConv2d(
    tf.ones<tf.Rank.R4>([1, 5, 5, 2]),
    tf.ones<tf.Rank.R4>([3, 3, 2, 1]),
    1,
    "valid",
    "NHWC",
    2,
  );
  expect(Array.from(await ones.data())).toEqual([9, 9]);
});

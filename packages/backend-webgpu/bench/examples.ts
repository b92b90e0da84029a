// `npx tsx packages/backend-webgpu/bench/examples.ts [example ...] [--on webgl|webgpu|node]` takes 20 steps with the model and recipe
// of every example app, on WebGL and WebGPU in Chromium and on WebGPU in Node, and compares them with cpu. On a software GPU all of
// them take many minutes. Adds the results to examples.json. Fails if weights differ by more than 1e-4 or if tensors leak.
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-layers";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import * as tf from "@tensorflow/tfjs-core";
import { type Blobs, pack } from "../../../tools/browser/blobs.ts";
import { exampleBlobs } from "../../../tools/browser/example-blobs.ts";
import { WEBGL_FLAGS, WEBGPU_FLAGS } from "../../../tools/browser/flags.ts";
import { openPage } from "../../../tools/browser/page.ts";
import {
  compareExample,
  type ExampleRow,
  exampleNames,
  exampleReference,
} from "../../../tools/browser/suite/examples/index.ts";
import { webgpuBackend } from "../src/node.ts";
import { useTestGpu } from "../test/test-gpu.ts";

type Run = (name: string, blobs: Blobs) => Promise<ExampleRow>;

const inPage =
  (backend: "webgl" | "webgpu", flags: readonly string[]): Run =>
  async (name, blobs) => {
    const entry = new URL("./examples-page.ts", import.meta.url);
    const page = await openPage({ entry, flags, files: { "/blobs.bin": pack(blobs) } });
    try {
      const row = await page.call<ExampleRow>("compare", { backend, name });
      if (page.problems.length > 0) throw new Error(page.problems.join("\n"));
      return row;
    } finally {
      await page.close();
    }
  };

const inNode: Run = async (name, blobs) => {
  useTestGpu();
  const session = await webgpuBackend({ allowSoftware: true }).init();
  tf.env().set("WEBGPU_CPU_FORWARD", false);
  const row = await compareExample(name, blobs);
  if (session.errors.length > 0) throw new Error(session.errors.join("\n"));
  await session.dispose();
  return row;
};

const places: Readonly<Record<string, { readonly where: string; readonly run: Run }>> = {
  webgl: { where: "webgl in Chromium", run: inPage("webgl", WEBGL_FLAGS) },
  webgpu: { where: "webgpu in Chromium", run: inPage("webgpu", WEBGPU_FLAGS) },
  node: { where: "webgpu in Node", run: inNode },
};

const { positionals, values } = parseArgs({ allowPositionals: true, options: { on: { type: "string" } } });
const file = new URL("./examples.json", import.meta.url);
const found: Record<string, Record<string, ExampleRow>> = existsSync(file)
  ? JSON.parse(readFileSync(file, "utf8"))
  : {};
tf.env().set("PROD", true);
for (const name of positionals.length > 0 ? positionals : exampleNames) {
  await tf.setBackend("cpu");
  const given = await exampleBlobs(name);
  const blobs = { ...given, ...(await exampleReference(name, given)) };
  for (const [place, { where, run }] of Object.entries(places)) {
    if (values.on !== undefined && values.on !== place) continue;
    const row = await run(name, blobs);
    console.log(name, where, JSON.stringify(row));
    found[name] = { ...found[name], [where]: row };
    writeFileSync(file, `${JSON.stringify(found, null, 2)}\n`);
    if (!(row.error <= 1e-4) || !(row.moved > 1e-3) || row.leaked !== 0) process.exitCode = 1;
  }
}

import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-layers";
import * as tf from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { pack } from "../../../tools/browser/blobs.ts";
import { exampleBlobs } from "../../../tools/browser/example-blobs.ts";
import { WEBGL_FLAGS, WEBGPU_FLAGS } from "../../../tools/browser/flags.ts";
import { LONG } from "../../../tools/browser/gpu-tests.ts";
import { openPage } from "../../../tools/browser/page.ts";
import { type ExampleRow, exampleReference } from "../../../tools/browser/suite/examples/index.ts";

/**
 * The example apps that a software GPU trains in seconds. The others take up to a minute. `bench/examples.ts` runs all of them on all
 * backends.
 */
const apps: readonly (readonly [name: string, backends: readonly string[]])[] = [
  ["custom-hook", LONG ? ["webgl", "webgpu"] : ["webgpu"]],
  ...(LONG ? [["tuner", ["webgl", "webgpu"]] as const, ["gradient-surgery", ["webgl"]] as const] : []),
];

it.each(apps)("ends 20 steps of the example app %s with the weights of cpu, on %j", async (name, backends) => {
  await tf.setBackend("cpu");
  const given = await exampleBlobs(name);
  const blobs = { ...given, ...(await exampleReference(name, given)) };
  const entry = new URL("../bench/examples-page.ts", import.meta.url);
  const page = await openPage({
    entry,
    flags: [...WEBGL_FLAGS, ...WEBGPU_FLAGS],
    files: { "/blobs.bin": pack(blobs) },
  });
  try {
    for (const backend of backends) {
      const { error, moved, leaked } = await page.call<ExampleRow>("compare", { backend, name });
      expect(error, backend).toBeLessThanOrEqual(1e-4);
      expect(moved, backend).toBeGreaterThan(1e-3);
      expect(leaked, backend).toBe(0);
    }
    expect(page.problems).toEqual([]);
  } finally {
    await page.close();
  }
});

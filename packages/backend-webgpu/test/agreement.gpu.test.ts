import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-layers";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { compareOps } from "../../../tools/browser/suite/ops.ts";
import { webgpuBackend } from "../src/node.ts";
import type { WebGPUSession } from "../src/session.ts";
import { useSoftwareGpu } from "./software-gpu.ts";

let session: WebGPUSession;
beforeAll(async () => {
  useSoftwareGpu();
  session = await webgpuBackend().init();
  tf.env().set("WEBGPU_CPU_FORWARD", false);
});
afterAll(() => session.dispose());

it("agrees with cpu in every op and gradient", async () => {
  const { rows, leaked } = await compareOps("webgpu");
  console.log(
    rows.length,
    leaked,
    rows.filter(({ error }) => error === null || error > 1e-4),
  );
  expect(session.errors).toEqual([]);
  expect(leaked).toBe(0);
});

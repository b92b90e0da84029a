import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-layers";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { compareRules } from "../../../tools/browser/suite/rules.ts";
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

it("agrees with cpu in every form of every rule", async () => {
  const { rows, leaked } = await compareRules("webgpu");
  console.log(rows);
  expect(rows.filter(({ error }) => error === null || error > 1e-5)).toEqual([]);
  expect(leaked).toBe(0);
  expect(session.errors).toEqual([]);
});

import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-layers";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { expectSurvived, MOMENTS, testGpu } from "../../../tools/browser/gpu-tests.ts";
import { compareEquivalences } from "../../../tools/browser/suite/equivalences.ts";
import { compareLayers } from "../../../tools/browser/suite/layers.ts";
import { loseAtMoments } from "../../../tools/browser/suite/loss.ts";
import { changingBatchSizes } from "../../../tools/browser/suite/memory.ts";
import { compareOps } from "../../../tools/browser/suite/ops.ts";
import { movedStatistics } from "../../../tools/browser/suite/statistics.ts";
import { compareTraining } from "../../../tools/browser/suite/training.ts";
import { webgpuBackend } from "../src/node.ts";
import type { WebGPUSession } from "../src/session.ts";
import { useTestGpu } from "./test-gpu.ts";
import { moments, victim } from "./victim.ts";

let session: WebGPUSession;
beforeAll(async () => {
  useTestGpu();
  session = await webgpuBackend({ allowSoftware: true }).init();
  tf.env().set("WEBGPU_CPU_FORWARD", false);
});
afterEach(() => expect(session.errors).toEqual([]));
afterAll(async () => {
  await session?.dispose();
});

describe("webgpu in Node", () => {
  testGpu({
    packageName: "backend-webgpu",
    environment: "Node",
    ops: () => compareOps("webgpu"),
    training: (steps) => compareTraining("webgpu", steps),
    equivalences: compareEquivalences,
    layers: (every) => compareLayers("webgpu", every),
    pools: () => changingBatchSizes(session),
    statistics: movedStatistics,
  });

  it("reports the loss of its device at many moments, and cpu continues the run", async () => {
    await session.dispose();
    expectSurvived(await loseAtMoments(victim(webgpuBackend({ allowSoftware: true })), MOMENTS), MOMENTS, moments);
  });
});

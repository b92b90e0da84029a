import "@tensorflow/tfjs-layers";
import { webglBackend } from "@graftjs/backend-webgl";
import { sgd } from "@graftjs/core";
import { fineTune } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import { net } from "../../../examples/tuner/net.ts";
import { watchGaps } from "../../../tools/browser/suite/gaps.ts";
import { watchWorker } from "../../../tools/browser/suite/worker.ts";
import { webgpuBackend } from "../src/index.ts";

/** Longest times in ms for which the page's thread was blocked. */
export interface Gaps {
  /** Until the end of the first step, in which the shaders are compiled. */
  readonly firstStep: number;
  /** During all later steps. */
  readonly later: number;
  readonly steps: number;
  readonly stepMs: number;
}

/** Measures the page at rest for a second, which shows the delays of the machine's own timers. */
export async function atRest(): Promise<number> {
  const gaps = watchGaps();
  await new Promise((resolve) => setTimeout(resolve, 1000));
  gaps.stop();
  return gaps.lap();
}

/** Runs `fineTune` in the page's own thread: three convolutions with batch norm on 28×28 images, eight per step. */
export async function inPage(backend: unknown): Promise<Gaps> {
  const session = await (backend === "webgl" ? webglBackend() : webgpuBackend({ allowSoftware: true })).init();
  const model = net();
  const data = tf.tidy(() => ({
    xs: tf.randomUniform([64, 28, 28, 1], 0, 1, "float32", 1),
    ys: tf.oneHot(
      tf.tensor1d(
        [...Array(64).keys()].map((i) => i % 5),
        "int32",
      ),
      5,
    ),
  }));
  const gaps = watchGaps();
  let firstStep = Number.NaN;
  let [steps, began] = [0, 0];
  const stepEnd = (): void => {
    if (steps === 0) {
      firstStep = gaps.lap();
      began = performance.now();
    }
    steps += 1;
  };
  const { restore } = await fineTune(model, {
    ...{ data, loss: "categoricalCrossentropy", trainable: "all", rule: sgd({ momentum: 0.9 }), learningRate: 0.01 },
    ...{ epochs: 3, batchSize: 8, observers: [{ stepEnd }] },
  });
  const later = gaps.lap();
  gaps.stop();
  const stepMs = (performance.now() - began) / (steps - 1);
  restore();
  model.dispose();
  tf.dispose([data.xs, data.ys]);
  await session.dispose();
  return { firstStep, later, steps, stepMs };
}

/** Measures the page while a Worker trains. */
export async function besideWorker(): Promise<{ readonly later: number; readonly problem: string | undefined }> {
  const gaps = watchGaps();
  const { report } = await watchWorker();
  gaps.stop();
  return { later: gaps.lap(), problem: report.problem };
}

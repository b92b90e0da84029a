/**
 * Measures the cost of the guard in a step on wasm: `pnpm bench tuner` does not include it, run `tsx bench/guard.ts`. A step computes
 * gradients, updates the weights and reads the loss. Steps with and without the guard alternate in one process. The result is the median
 * of their ratios in many rounds, by processor time, which other programs on the machine disturb less than the clock. Writes guard.json.
 */
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { wasmBackend } from "@graftjs/backend-wasm";
import { adam, type TensorMap } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import type { FineTuneOptions } from "../src/index.ts";
import { assemble } from "../src/loop/assembly/assembly.ts";
import { createGuard } from "../src/loop/safety/guard.ts";
import { guardedStep } from "../src/loop/safety/guarded-step.ts";

const ROUNDS = Number(process.argv[2] ?? 150);
const { conv2d, dense, flatten, globalAveragePooling2d, batchNormalization } = layers.layers;

function convNet(): layers.LayersModel {
  const blocks = [16, 32, 64, 64].flatMap((filters, i) => [
    conv2d({ filters, kernelSize: 3, strides: i % 2 === 0 ? 1 : 2, padding: "same", activation: "relu", ...input(i) }),
    batchNormalization(),
  ]);
  return layers.sequential({
    layers: [...blocks, globalAveragePooling2d({}), dense({ units: 10, activation: "softmax" })],
  });
}

const input = (i: number): object => (i === 0 ? { inputShape: [32, 32, 3] } : {});

function denseNet(): layers.LayersModel {
  const hidden = Array.from({ length: 3 }, () => dense({ units: 512, activation: "relu" }));
  return layers.sequential({
    layers: [flatten({ inputShape: [32, 32, 3] }), ...hidden, dense({ units: 10, activation: "softmax" })],
  });
}

interface Cost {
  /** Milliseconds of the processor for a step without the guard. */
  readonly stepMs: number;
  readonly overheadByProcessor: number;
  readonly overheadByClock: number;
}

async function measure(model: layers.LayersModel, batch: number): Promise<Cost> {
  const xs = tf.randomNormal([batch, 32, 32, 3]) as tf.Tensor;
  const ys = tf.oneHot(tf.range(0, batch, 1, "int32"), 10) as tf.Tensor;
  const options: FineTuneOptions = {
    data: { xs, ys },
    loss: "categoricalCrossentropy",
    trainable: "**",
    rule: adam(),
    learningRate: 1e-4,
    epochs: 1,
    batchSize: batch,
  };
  const assembly = await assemble(model, options);
  const { optimizer, gate } = assembly;
  const guarded = guardedStep(assembly, createGuard());
  const gradients = (): { loss: tf.Scalar; grads: TensorMap } => {
    const names = new Map(optimizer.active.map(({ name, variable }) => [variable.name, name]));
    const { value, grads } = tf.variableGrads(
      () => tf.losses.softmaxCrossEntropy(ys, model.apply(xs, { training: true }) as tf.Tensor) as tf.Scalar,
      optimizer.active.map(({ variable }) => variable),
    );
    return {
      loss: value,
      grads: Object.fromEntries(Object.entries(grads).map(([key, grad]) => [names.get(key) as string, grad])),
    };
  };
  const step = async (withGuard: boolean): Promise<readonly [processor: number, clock: number]> => {
    const [cpu, clock] = [process.cpuUsage(), performance.now()];
    const { loss, grads } = gradients();
    if (withGuard) {
      const { bad } = await guarded(loss, grads);
      if (bad) throw new Error("A step of the bench was bad.");
    } else {
      gate.fused = true;
      optimizer.applyNamed(grads, loss);
      gate.fused = false;
      await loss.data();
    }
    tf.dispose([loss, grads]);
    const { user, system } = process.cpuUsage(cpu);
    return [(user + system) / 1000, performance.now() - clock];
  };
  for (let i = 0; i < 10; i++) await step(i % 2 === 0);
  const ratios: [number, number][] = [];
  const bare: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    // Either kind is first in half of the rounds.
    const first = await step(round % 2 === 0);
    const second = await step(round % 2 !== 0);
    const [on, off] = round % 2 === 0 ? [first, second] : [second, first];
    ratios.push([on[0] / off[0], on[1] / off[1]]);
    bare.push(off[0]);
  }
  assembly.restore();
  assembly.release();
  const percent = (ratio: number): number => Number((ratio - 1).toFixed(4));
  return {
    stepMs: Number(median(bare).toFixed(2)),
    overheadByProcessor: percent(median(ratios.map(([processor]) => processor))),
    overheadByClock: percent(median(ratios.map(([, clock]) => clock))),
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return ((sorted[(sorted.length - 1) >> 1] as number) + (sorted[sorted.length >> 1] as number)) / 2;
}

await wasmBackend().init();
const result = {
  rounds: ROUNDS,
  cores: availableParallelism(),
  convNet: await measure(convNet(), 16),
  denseNet: await measure(denseNet(), 16),
};
console.log(result);
writeFileSync(join(import.meta.dirname, "guard.json"), `${JSON.stringify(result, null, 2)}\n`);
process.exit();

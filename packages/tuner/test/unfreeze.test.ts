import "@tensorflow/tfjs-backend-cpu";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { adam, namedWeights, type Schedule } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type * as layers from "@tensorflow/tfjs-layers";
import { beforeEach, describe, expect, it } from "vitest";
import { type FineTuneOptions, fineTune } from "../src/index.ts";
import { mlp } from "./nets.ts";
import { distance, examples, weightsOf } from "./support.ts";

beforeEach(() => tf.setBackend("cpu"));

/** Runs Adam (algorithm 1 of the paper) in double precision on the parameters that `trained` selects for each step. */
function byHand(
  model: layers.LayersModel,
  { xs, ys }: { xs: tf.Tensor; ys: tf.Tensor },
  steps: number,
  rate: number,
  trained: (step: number) => readonly string[],
): void {
  const slots = new Map<string, { m: number[]; v: number[]; t: number }>();
  for (let step = 0; step < steps; step++) {
    const chosen = namedWeights(model).filter(({ layer }) => trained(step).includes(layer));
    const loss = (): tf.Scalar => {
      const out = model.apply(xs, { training: true }) as tf.Tensor;
      return tf.mean(tf.neg(tf.sum(tf.mul(ys, tf.log(out)), -1)));
    };
    const { value, grads } = tf.variableGrads(
      loss,
      chosen.map(({ variable }) => variable),
    );
    for (const { name, variable } of chosen) {
      const slot = slots.get(name) ?? { m: [], v: [], t: 0 };
      slots.set(name, slot);
      slot.t++;
      const gradient = (grads[variable.name] as tf.Tensor).dataSync();
      const moved = [...variable.dataSync()].map((weight, i) => {
        const g = gradient[i] as number;
        slot.m[i] = 0.9 * (slot.m[i] ?? 0) + 0.1 * g;
        slot.v[i] = 0.999 * (slot.v[i] ?? 0) + 0.001 * g * g;
        const [m, v] = [(slot.m[i] as number) / (1 - 0.9 ** slot.t), (slot.v[i] as number) / (1 - 0.999 ** slot.t)];
        return weight - (rate * m) / (Math.sqrt(v) + 1e-8);
      });
      const next = tf.tensor(moved, variable.shape);
      variable.assign(next);
      next.dispose();
    }
    tf.dispose([value, grads]);
  }
}

/** A line from `start` to `end` that takes the length of its phase, as the schedules of `@graftjs/transforms` do. */
function linear({ start, end, steps }: { start: number; end: number; steps?: number }): Schedule {
  const at = (step: number): number => start + ((end - start) * step) / (steps ?? Number.NaN);
  return Object.assign(at, { steps, forSteps: (own: number) => linear({ start, end, steps: own }) });
}

describe("gradual unfreezing", () => {
  it("equals a hand-written Adam loop in which a layer that joins late counts its own steps", async () => {
    const data = examples([4], 12);
    const [ours, hand] = [mlp(), mlp()];
    const { restore, steps } = await fineTune(ours, {
      data,
      loss: "categoricalCrossentropy",
      trainable: "head",
      unfreeze: [
        { epoch: 7, trainable: "trunk" },
        { epoch: 3, trainable: "middle" },
      ],
      rule: adam(),
      learningRate: 0.01,
      epochs: 12,
      batchSize: 12,
      shuffle: false,
    });
    restore();
    expect(steps).toBe(12);
    const trained = (step: number): string[] => [
      "head",
      ...(step >= 3 ? ["middle"] : []),
      ...(step >= 7 ? ["trunk"] : []),
    ];
    byHand(hand, data, 12, 0.01, trained);
    expect(distance(weightsOf(ours), weightsOf(hand))).toBeLessThan(2e-6);
    expect(distance(weightsOf(ours), weightsOf(mlp()))).toBeGreaterThan(0.05);
  });

  it("takes a rate for each phase, whose schedule has the length of the phase and begins with its own step 0", async () => {
    const rates: number[] = [];
    const given: FineTuneOptions = {
      ...{ data: examples([4], 12), trainable: "head", rule: adam(), epochs: 6, batchSize: 6 },
      loss: "categoricalCrossentropy",
      learningRate: linear({ start: 0.04, end: 0 }),
      observers: [{ stepEnd: ({ learningRate }) => void rates.push(learningRate) }],
    };
    const unfreeze = [
      { epoch: 4, trainable: "trunk", learningRate: linear({ start: 0.008, end: 0 }) },
      { epoch: 2, trainable: "middle", learningRate: 0.5 },
      { epoch: 3, trainable: "middle" },
    ];
    (await fineTune(mlp(), { ...given, unfreeze })).restore();
    // Two steps per epoch: four steps down to 0, four at 0.5, four down to 0.
    const expected = [0.04, 0.03, 0.02, 0.01, 0.5, 0.5, 0.5, 0.5, 0.008, 0.006, 0.004, 0.002];
    expect(rates).toEqual(expected.map((rate) => expect.closeTo(rate, 9)));
    const wrong = [{ epoch: 2, trainable: "middle", learningRate: linear({ start: 1, end: 0, steps: 5 }) }];
    await expect(fineTune(mlp(), { ...given, unfreeze: wrong })).rejects.toThrow(
      /of the phase from epoch 2 on has 5 steps, and the phase has 8: 4 epochs of 2 steps/,
    );
  });

  it("resumes with more epochs if the last phase has a schedule", async () => {
    const to = mkdtempSync(join(tmpdir(), "graft-phases-"));
    const run = (epochs: number, resume: boolean) =>
      fineTune(mlp(), {
        ...{ data: examples([4], 12), loss: "categoricalCrossentropy", trainable: "head", rule: adam() },
        ...{ learningRate: 0.1, epochs, batchSize: 6, checkpoint: { to, resume } },
        unfreeze: [{ epoch: 1, trainable: "middle", learningRate: linear({ start: 0.1, end: 0 }) }],
      });
    expect((await run(2, false)).steps).toBe(4);
    expect((await run(4, true)).steps).toBe(8);
    rmSync(to, { recursive: true });
  });

  it("trains selected layers whose own `trainable` flag is false, as without the flag", async () => {
    const run = async (flag: boolean, trainable: FineTuneOptions["trainable"]) => {
      const model = mlp();
      for (const layer of model.layers) layer.trainable = flag;
      const { restore, plan } = await fineTune(model, {
        data: examples([4]),
        loss: "categoricalCrossentropy",
        trainable,
        unfreeze: [{ epoch: 2, trainable: "trunk" }],
        rule: adam(),
        learningRate: 0.01,
        epochs: 4,
      });
      restore();
      expect(model.layers.map((layer) => layer.trainable)).toEqual(model.layers.map(() => flag));
      return { weights: weightsOf(model), names: plan.parameters.names };
    };
    for (const trainable of ["head", ["middle", "head"]]) {
      const frozen = await run(false, trainable);
      expect(frozen).toEqual(await run(true, trainable));
      const before = weightsOf(mlp());
      for (const name of frozen.names) expect(frozen.weights[name], name).not.toEqual(before[name]);
    }
  });

  it("leaves frozen layers unchanged to the bit, also with averaging", async () => {
    const model = mlp();
    const { restore } = await fineTune(model, {
      data: examples([4]),
      loss: "categoricalCrossentropy",
      trainable: "head",
      unfreeze: [{ epoch: 30, trainable: "middle" }],
      rule: adam(),
      learningRate: 0.01,
      epochs: 20,
      ema: { decay: 0.97 },
    });
    restore();
    const [before, after] = [weightsOf(mlp()), weightsOf(model)];
    expect(after["middle/kernel"]).toEqual(before["middle/kernel"]);
    expect(after["head/kernel"]).not.toEqual(before["head/kernel"]);
  });
});

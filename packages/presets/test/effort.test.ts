import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import "@tensorflow/tfjs-backend-cpu";
import { namedParams } from "@graftjs/core";
import { applyDelta, saveDelta } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import { type EffortOptions, fineTune, planEffort } from "../src/index.ts";

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend("cpu");
});

/** Four dense layers with batch norm after the second. The initial weights are seeded. */
function net(): tfl.Sequential {
  const dense = (name: string, units: number, seed: number, rest: object = {}) =>
    tfl.layers.dense({ name, units, kernelInitializer: tfl.initializers.glorotUniform({ seed }), ...rest });
  return tfl.sequential({
    layers: [
      dense("a", 8, 1, { inputShape: [2], activation: "tanh" }),
      dense("b", 8, 2),
      tfl.layers.batchNormalization({ name: "bn" }),
      tfl.layers.activation({ activation: "tanh", name: "tanh" }),
      dense("c", 8, 3, { activation: "tanh" }),
      dense("head", 2, 4, { activation: "softmax" }),
    ],
  });
}

/** 60 points in the plane, and whether they lie in a circle. */
function circle(): { xs: tf.Tensor2D; ys: tf.Tensor } {
  const xs = tf.randomNormal<tf.Rank.R2>([60, 2], 0, 1, "float32", 1);
  const inside = tf.cast(tf.less(tf.sum(tf.square(xs), 1), 1), "int32") as tf.Tensor1D;
  return { xs, ys: tf.oneHot(inside, 2) };
}

const quick = { epochs: 2, batchSize: 12, earlyStopping: { patience: 1 } } as const;

function values(model: tfl.LayersModel): Readonly<Record<string, number[]>> {
  const entries = namedParams(model, { frozen: true }).map(({ name, variable }) => [name, [...variable.dataSync()]]);
  return Object.fromEntries(entries);
}

describe("fineTune by effort", () => {
  it.each([
    ["head", ["head"]],
    ["tail", ["c", "head"]],
    ["full", ["a", "b", "bn", "c", "head"]],
  ] as const)("%s changes exactly %j", async (effort, layers) => {
    const model = net();
    const before = values(model);
    const result = await fineTune(model, { data: circle(), effort, ...quick });
    result.restore();
    const changed = Object.keys(before).filter((name) => String(before[name]) !== String(values(model)[name]));
    expect([...new Set(changed.map((name) => name.split("/")[0]))]).toEqual(layers);
    expect(result.stages.map(({ stage }) => stage)).toEqual(effort === "head" ? ["probe"] : ["probe", "tune"]);
    expect(result.stages.every(({ recipe }) => (recipe.learningRate as number) > 0)).toBe(true);
  });

  it("prints the recipe that it stands for", async () => {
    const plan = await planEffort(net(), { data: circle(), effort: "tail", keep: 0.5 });
    plan.dispose();
    expect(plan.stages[1]).toEqual({
      stage: "tune",
      recipe: {
        trainable: ["c/**", "head/**"],
        patches: ["frozen-bn"],
        rule: "adam",
        learningRate: "find",
        callbacks: [{ use: "average-with-start", with: { weight: 0.75 } }],
        run: { loss: "categoricalCrossentropy", labelSmoothing: 0.1, epochs: 30, earlyStopping: { patience: 5 } },
      },
    });
  });

  it("takes every part from the options if it is given", async () => {
    const given: EffortOptions = { data: circle(), effort: "full", learningRate: 0.02, ...quick };
    const own = { trainable: "c/**", patches: [], labelSmoothing: 0, loss: "meanSquaredError", average: 1 } as const;
    const plan = await planEffort(net(), { ...given, ...own });
    plan.dispose();
    const { average: _ofThisPackage, ...ofTuner } = own;
    expect(plan.options).toMatchObject({ ...ofTuner, ...quick, learningRate: 0.02, callbacks: [] });
  });

  it("puts the weights of the probe back if the second stage makes the held-out loss worse", async () => {
    const tuned = net();
    const options = { data: circle(), ...quick };
    const result = await fineTune(tuned, { ...options, effort: "full", learningRate: 100 });
    result.restore();
    expect(result.warnings.join()).toMatch(/the weights of the probe were put back.*lower `learningRate`/);
    const { "head/kernel": _head, "head/bias": _bias, ...body } = values(net());
    expect(values(tuned)).toMatchObject(body);
    expect(values(tuned)["head/kernel"]).not.toEqual(_head);
    const fine = await fineTune(net(), { ...options, effort: "full", learningRate: 0.01 });
    fine.restore();
    expect(fine.warnings.join()).not.toMatch(/put back/);
  });

  it("keeps the base of the delta before the first stage", async () => {
    const model = net();
    const result = await fineTune(model, { data: circle(), effort: "tail", ...quick });
    const delta = await saveDelta(model, result);
    result.restore();
    const fresh = net();
    applyDelta(fresh, delta);
    expect(values(fresh)).toEqual(values(model));
  });

  it("frees every tensor", async () => {
    const model = net();
    const data = circle();
    const before = tf.memory().numTensors;
    (await fineTune(model, { data, effort: "tail", ...quick })).restore();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe("a checkpoint of a run by effort", () => {
  it("resumes in the second stage as if it had not been stopped", async () => {
    const folder = await mkdtemp(join(tmpdir(), "graft-effort-"));
    const options = { data: circle(), effort: "full", learningRate: 0.01, ...quick, epochs: 3, holdOut: 0 } as const;
    const whole = net();
    (await fineTune(whole, options)).restore();
    const control = new AbortController();
    let stages = 0;
    const observers = [
      {
        runStart: () => void stages++,
        epochEnd: ({ epoch }: { epoch: number }) => {
          if (stages === 2 && epoch === 1) control.abort(new Error("stopped by the test"));
        },
      },
    ];
    const checkpoint = { to: folder };
    await expect(fineTune(net(), { ...options, checkpoint, observers, signal: control.signal })).rejects.toThrow(
      "stopped by the test",
    );
    expect(await readdir(folder)).toEqual(["probe", "tune"]);
    const resumed = net();
    (await fineTune(resumed, { ...options, checkpoint: { ...checkpoint, resume: true } })).restore();
    expect(values(resumed)).toEqual(values(whole));
    await rm(folder, { recursive: true });
  });

  it("refuses a store, which holds one run", async () => {
    const to = {
      where: "memory",
      write: async () => {},
      read: async () => undefined,
      list: async () => [],
      remove: async () => {},
    };
    await expect(fineTune(net(), { data: circle(), effort: "tail", checkpoint: { to } })).rejects.toThrow("two stages");
  });
});

describe("wrong uses", () => {
  it("names an unknown effort", async () => {
    await expect(fineTune(net(), { data: circle(), effort: "half" as never })).rejects.toThrow("effort");
  });

  it("asks for validation data of a stream", async () => {
    const stream = async function* () {} as never;
    await expect(fineTune(net(), { data: { stream, examples: 10 } as never, effort: "head" })).rejects.toThrow(
      "validation",
    );
  });
});

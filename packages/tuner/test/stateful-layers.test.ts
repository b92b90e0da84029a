import "@tensorflow/tfjs-backend-cpu";
import { sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { beforeEach, describe, expect, it } from "vitest";
import { type FineTuneOptions, findLearningRate, fineTune, planFineTune } from "../src/index.ts";
import { mapStore, weightsOf } from "./support.ts";

beforeEach(() => tf.setBackend("cpu"));

const L = layers.layers;
const init = (seed: number) => layers.initializers.randomUniform({ minval: -0.5, maxval: 0.5, seed });
const k = { kernelInitializer: init(1), recurrentInitializer: init(2) };
const batch = { batchInputShape: [4, 5, 2], name: "rnn", stateful: true };
const kinds: Record<string, [() => layers.layers.Layer, number[]]> = {
  lstm: [() => L.lstm({ units: 3, ...batch, ...k }), [5, 2]],
  gru: [() => L.gru({ units: 3, ...batch, ...k }), [5, 2]],
  simple: [() => L.simpleRNN({ units: 3, ...batch, ...k }), [5, 2]],
  cell: [() => L.rnn({ cell: L.gruCell({ units: 3, ...k }), ...batch }), [5, 2]],
  convLstm: [
    () =>
      L.convLstm2d({
        filters: 2,
        kernelSize: 2,
        ...k,
        stateful: true,
        batchInputShape: [4, 2, 3, 3, 1],
        name: "rnn",
      } as never),
    [2, 3, 3, 1],
  ],
  bidirectional: [
    () =>
      L.bidirectional({
        layer: L.gru({ units: 3, stateful: true, ...k }) as layers.RNN,
        mergeMode: "concat",
        batchInputShape: [4, 5, 2],
        name: "rnn",
      } as never),
    [5, 2],
  ],
};

describe.each(Object.entries(kinds))("a stateful %s", (_, [layer, shape]) => {
  const make = (): layers.Sequential => {
    const model = layers.sequential({ layers: [layer()] });
    if ((model.outputs[0] as layers.SymbolicTensor).shape.length > 2) model.add(L.flatten());
    model.add(L.dense({ units: 1, name: "head", kernelInitializer: init(3) }));
    return model;
  };
  const xs = tf.randomNormal([12, ...shape], 0, 1, "float32", 4);
  const ys = tf.randomNormal([12, 1], 0, 1, "float32", 7);
  const base = {
    data: { xs, ys },
    loss: "meanSquaredError",
    trainable: "all",
    rule: sgd({ momentum: 0.9 }),
    learningRate: 0.1,
    batchSize: 4,
    shuffle: false,
    epochs: 3,
  } as const;
  const tuned = async (more: Partial<FineTuneOptions> = {}, model = make()): Promise<layers.Sequential> => {
    (await fineTune(model, { ...base, ...more } as FineTuneOptions)).restore();
    return model;
  };

  it("trains as stock fit does: the state goes on from batch to batch, also through validation", async () => {
    const stock = make();
    stock.compile({ optimizer: tf.train.momentum(0.1, 0.9), loss: "meanSquaredError" });
    const { history } = await stock.fit(xs, ys, {
      epochs: 3,
      batchSize: 4,
      shuffle: false,
      verbose: 0,
      validationData: [xs, ys],
    });
    const model = make();
    const result = await fineTune(model, { ...base, validation: { xs, ys } });
    result.restore();
    const near = (values: readonly number[]): unknown[] => values.map((value) => expect.closeTo(value, 5));
    expect(Object.values(weightsOf(model)).flat()).toEqual(near(Object.values(weightsOf(stock)).flat()));
    expect(result.history.val_loss).toEqual(near(history.val_loss as number[]));
    // `resetStates` of tfjs starts again from zeros.
    model.resetStates();
    stock.resetStates();
    const first = tf.slice(xs, 0, 4);
    const of = (net: layers.Sequential): number[] => [
      ...(net.predict(first, { batchSize: 4 }) as tf.Tensor).dataSync(),
    ];
    expect(of(model)).toEqual(near(of(stock)));
  });

  it("leaves no tensor", async () => {
    const model = await tuned();
    const before = tf.memory().numTensors;
    await tuned({}, model);
    expect(tf.memory().numTensors).toBe(before);
  });

  it("has the state of before a step that the guard skips", async () => {
    const spoilt = {
      xs: tf.concat([tf.slice(xs, 0, 4), tf.fill([4, ...shape], Number.NaN), tf.slice(xs, 4, 8)]),
      ys: tf.concat([ys, tf.slice(ys, 0, 4)]),
    };
    const clean = { xs, ys: tf.concat([tf.slice(ys, 0, 4), tf.slice(ys, 8, 4), tf.slice(ys, 0, 4)]) };
    for (const guard of [{ policy: "skip" }, { policy: "rollback", snapshotEvery: 1 }] as const) {
      const skipped = await tuned({ data: spoilt, epochs: 1, guard });
      expect(weightsOf(skipped)).toEqual(weightsOf(await tuned({ data: clean, epochs: 1 })));
    }
  });

  it("resumes bit for bit, from any step", async () => {
    const whole = weightsOf(await tuned());
    for (const maxSteps of [1, 4, 6]) {
      const store = mapStore();
      await tuned({ maxSteps, checkpoint: { to: store } });
      expect(weightsOf(await tuned({ checkpoint: { to: store, resume: true } }))).toEqual(whole);
    }
  });

  it("is not changed by a plan or a search for a learning rate", async () => {
    const model = make();
    await planFineTune(model, base);
    const { data, loss, trainable, rule, batchSize } = base;
    await findLearningRate(model, { data, loss, trainable, rule, batchSize }, { steps: 3 });
    expect(weightsOf(await tuned({}, model))).toEqual(weightsOf(await tuned()));
  });

  it("refuses batches of another size before the first step", async () => {
    const model = make();
    const before = weightsOf(model);
    await expect(tuned({ batchSize: 3 }, model)).rejects.toThrow(
      /stateful and built for batches of 4, but batchSize is 3/,
    );
    const ten = { xs: tf.slice(xs, 0, 10), ys: tf.slice(ys, 0, 10) };
    await expect(tuned({ data: ten }, model)).rejects.toThrow(/the last batch of `data` has 2 example/);
    await expect(tuned({ validation: ten }, model)).rejects.toThrow(/the last batch of `validation` has 2 example/);
    expect(weightsOf(model)).toEqual(before);
  });
});

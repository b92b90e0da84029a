import "@tensorflow/tfjs-backend-cpu";
import {
  layerPath,
  namedWeights,
  overrideCall,
  type CallableLayer,
  sgd,
  walkLayers,
  type ModelPatch,
} from "@graftjs/core";
import { type FineTuneOptions, fineTune } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import { beforeEach, describe, expect, it } from "vitest";
import { type Block, blockModel } from "../src/index.ts";

beforeEach(() => tf.setBackend("cpu"));

const WIDTH = 4;
let seed = 1;
const weight = (...shape: number[]): tf.Variable => tf.variable(tf.randomNormal(shape, 0, 0.5, "float32", seed++));

/** A block of a tiny encoder: y = x + tanh(norm(x) · kernel + bias), masked. The mask passes through. */
const layer = (name: string, more: Partial<Block> = {}): Block => ({
  name,
  variables: {
    "mix/kernel": weight(WIDTH, WIDTH),
    "mix/bias": weight(WIDTH),
    "norm/gamma": tf.variable(tf.ones([WIDTH])),
    "norm/beta": tf.variable(tf.zeros([WIDTH])),
  },
  call: ([x, mask], scope) => {
    const mixed = tf.tanh(scope.dense("mix", scope.layerNorm("norm", x as tf.Tensor)));
    return [tf.add(x as tf.Tensor, tf.mul(mixed, tf.expandDims(mask as tf.Tensor, -1))), mask as tf.Tensor];
  },
  ...more,
});

const encoder = (middle: readonly Block[] = [layer("layer/0"), layer("layer/1")]) => {
  seed = 1;
  return blockModel({
    name: "encoder",
    inputs: { ids: { shape: [null, 3], dtype: "int32" }, mask: [null, 3] },
    outputs: { topic: [null, 2] },
    blocks: [
      {
        name: "embeddings",
        variables: { "tokens/embeddings": weight(7, WIDTH), positions: weight(3, WIDTH) },
        call: ([ids, mask], scope) => [
          tf.add(scope.embed("tokens", ids as tf.Tensor), scope.weight("positions")),
          mask as tf.Tensor,
        ],
      },
      ...middle,
      {
        name: "head",
        variables: { kernel: weight(WIDTH, 2), bias: tf.variable(tf.zeros([2])) },
        call: ([x], scope) => scope.dense("", tf.mean(x as tf.Tensor, 1)),
      },
    ],
  });
};

const data = () => {
  const ids = Array.from({ length: 12 }, (_, i) => [i % 7, (2 * i) % 7, (3 * i + 1) % 7]);
  return {
    xs: { ids: tf.tensor2d(ids, [12, 3], "int32"), mask: tf.tensor2d(ids.map((_, i) => [1, 1, i % 2])) },
    ys: tf.tensor2d(ids.map(([first = 0]) => [Number(first < 3), Number(first >= 3)])),
  };
};

const options = (more: Partial<FineTuneOptions> = {}): FineTuneOptions => ({
  data: data(),
  loss: "softmaxCrossEntropy",
  trainable: "head",
  rule: sgd({ momentum: 0.9 }),
  learningRate: 0.1,
  epochs: 4,
  batchSize: 4,
  ...more,
});

describe("a model of blocks", () => {
  it("names its weights and layers by block, path and role", () => {
    const { weights, patchable } = encoder();
    expect(weights.map(({ name, layer, role }) => [name, layer, role]).slice(0, 4)).toEqual([
      ["embeddings/tokens/embeddings", "embeddings/tokens", "embeddings"],
      ["embeddings/positions", "embeddings", "positions"],
      ["layer/0/mix/kernel", "layer/0/mix", "kernel"],
      ["layer/0/mix/bias", "layer/0/mix", "bias"],
    ]);
    expect(namedWeights(patchable).map(({ name }) => name)).toEqual(weights.map(({ name }) => name));
    expect([...new Set(weights.map(({ layer }) => layer))]).toEqual(walkLayers(patchable).map(layerPath));
    expect(patchable.layers.map((each) => each.getClassName())).toEqual([
      ...["Embedding", "Weights", "Dense", "LayerNormalization", "Dense", "LayerNormalization", "Dense"],
    ]);
    expect(weights.at(-2)?.unitAxes).toEqual([1]);
  });
});

describe("what a model of blocks refuses", () => {
  const one = (block: Partial<Block>, second?: Partial<Block>) => () =>
    blockModel({
      inputs: { x: [null, 2] },
      outputs: { y: [null, 2] },
      blocks: [block, ...(second ? [second] : [])].map((given) => ({
        name: "a",
        call: ([x]) => x as tf.Tensor,
        ...given,
      })),
    }).predict([tf.ones([1, 2])]);
  const shared = tf.variable(tf.ones([2, 2]));
  const WRONG: Readonly<Record<string, readonly [() => unknown, RegExp]>> = {
    "no block": [() => blockModel({ inputs: {}, outputs: {}, blocks: [] }), /has no blocks/],
    "two blocks of one name": [one({}, {}), /Two blocks use the name `a`/],
    "a block named as another's layer": [
      one({ variables: { "b/kernel": shared } }, { name: "a/b" }),
      /the name `a\/b`/,
    ],
    "an empty name": [one({ name: "a//b" }), /"a\/\/b" is empty or has an empty part/],
    "an empty path": [one({ variables: { "/kernel": shared } }), /Block `a`: the path "\/kernel"/],
    "a variable in two blocks": [
      one({ variables: { kernel: shared } }, { name: "b", variables: { kernel: shared } }),
      /`a\/kernel` and `b\/kernel` are the same variable/,
    ],
    "a layer that is missing": [
      one({ variables: { "q/kernel": shared }, call: ([x], scope) => scope.dense("k", x as tf.Tensor) }),
      /Block `a` asks for `k`.*It has `a\/q\/kernel`/s,
    ],
    "weights of another class": [
      one({ variables: { gamma: weight(2) }, call: ([x], scope) => scope.layerNorm("", x as tf.Tensor) }),
      /only `gamma` \[width\] and `beta`/,
    ],
    "a variable that is missing": [
      one({ call: (_, scope) => scope.weight("q/scale") }),
      /asks for `q\/scale`.*no variables/s,
    ],
    "dropout in a block that is not declared random": [
      one({ call: ([x], scope) => scope.dropout(x as tf.Tensor, 0.5) }),
      /Block `a` calls `scope.dropout`.*Add random: true/s,
    ],
  };
  it.each(Object.entries(WRONG))("%s", (_, [run, message]) => expect(run).toThrow(message));
});

describe("fine-tuning a model of blocks", () => {
  it.each([
    { trainable: "head", trunk: 3, frontier: ["layer/1"] },
    { trainable: { include: ["head/**", "layer/1/**"] }, trunk: 2, frontier: ["layer/0"] },
    { trainable: "all", trunk: 0, frontier: ["ids", "mask"] },
  ] as const)("caches the $trunk blocks below the first trained one", async ({ trainable, trunk, frontier }) => {
    const model = encoder();
    const before = model.weights.map(({ variable }) => variable.dataSync().slice());
    const run = options({ trainable: trainable as FineTuneOptions["trainable"] });
    const start = tf.memory().numTensors;
    const { history, plan, restore } = await fineTune(model, run);
    restore();
    expect(tf.memory().numTensors).toBe(start);
    expect(history.loss.at(-1)).toBeLessThan(history.loss[0] as number);
    expect(plan.trunk).toMatchObject({ layers: trunk, of: 4, frontier });
    const moved = model.weights.filter(
      ({ variable }, i) => !tf.util.arraysEqual(variable.dataSync(), before[i] as never),
    );
    const blocks = new Set(
      moved.map(({ name }) =>
        name
          .split("/")
          .slice(0, name.startsWith("layer") ? 2 : 1)
          .join("/"),
      ),
    );
    expect(blocks.size).toBe(4 - trunk);
    const uncached = encoder();
    const again = await fineTune(uncached, { ...run, data: data(), cache: false });
    for (const [i, loss] of history.loss.entries()) expect(again.history.loss[i]).toBeCloseTo(loss, 5);
  });

  it("ends the trunk at a random block, whose dropout acts in training only", async () => {
    const dropped = { true: 0, false: 0 };
    const random = layer("random", {
      random: true,
      call: ([x, mask], scope) => {
        const y = scope.dropout(x as tf.Tensor, 0.5);
        dropped[`${scope.training}`] += tf.sum(tf.equal(y, 0)).dataSync()[0] as number;
        return [y, mask as tf.Tensor];
      },
    });
    const model = encoder([layer("layer/0"), random]);
    const { plan } = await fineTune(model, options({ epochs: 1 }));
    expect(plan.trunk).toMatchObject({ layers: 2, stops: [{ path: "random", why: "it uses random numbers" }] });
    const { ids, mask } = data().xs;
    model.predict([ids, mask]);
    expect(dropped.true).toBeGreaterThan(40);
    expect(dropped.false).toBe(0);
  });

  /** Adds a trained column scale to the dense layer `path`, as an adapter does. */
  const scaled = (path: string, scale: tf.Variable | undefined): ModelPatch => ({
    name: "scaled",
    apply(model) {
      const found = walkLayers(model).find((place) => layerPath(place) === path)?.layer as CallableLayer;
      const restore = overrideCall(found, (previous) => (x, kwargs) => {
        const y = previous(x, kwargs) as tf.Tensor;
        return scale ? tf.mul(y, scale) : y;
      });
      const param = { layer: path, role: "scale", shape: [WIDTH], unitAxes: [0], variable: scale as tf.Variable };
      return { restore, ...(scale ? { added: [{ name: `${path}/scale`, ...param }] } : {}) };
    },
  });

  it("ends the trunk at a layer to which a patch adds parameters, and trains them", async () => {
    const model = encoder();
    const scale = tf.variable(tf.ones([WIDTH]));
    const { ids, mask } = data().xs;
    const [before] = model.predict([ids, mask]);
    const patches = [scaled("layer/1/mix", scale)];
    const { plan, history, restore } = await fineTune(model, options({ patches, trainable: "**/scale" }));
    expect(plan.trunk).toMatchObject({ layers: 2, stops: [{ path: "layer/1/mix", why: "trained" }] });
    expect(history.loss.at(-1)).toBeLessThan(history.loss[0] as number);
    expect([...scale.dataSync()]).not.toEqual([1, 1, 1, 1]);
    expect(model.predict([ids, mask])[0]?.dataSync()).not.toEqual(before?.dataSync());
    restore();
    expect(model.predict([ids, mask])[0]?.dataSync()).toEqual(before?.dataSync());
  });

  it("ends the trunk at a layer whose call was replaced for an unknown reason", async () => {
    const { plan } = await fineTune(encoder(), options({ patches: [scaled("layer/0/mix", undefined)], epochs: 1 }));
    expect(plan.trunk).toMatchObject({ layers: 1, stops: [{ path: "layer/0/mix", why: "its call was replaced" }] });
  });

  it("computes with the weights and the bias that a patch puts in their places", () => {
    const model = encoder();
    const dense = model.patchable.layers[2] as CallableLayer & { kernel: unknown; bias: unknown };
    const x = tf.ones([2, 3, WIDTH]);
    const kernel = tf.eye(WIDTH);
    expect(tf.max(tf.abs(tf.sub(dense.call(x, {}) as tf.Tensor, x))).dataSync()[0]).toBeGreaterThan(0.1);
    Object.assign(dense, { kernel: { read: () => kernel }, bias: undefined });
    expect((dense.call(x, {}) as tf.Tensor).dataSync()).toEqual(x.dataSync());
  });

  it("trains a lower block through frozen layers with the gradient of the same layers unfrozen, and keeps less for it", () => {
    const model = encoder();
    const { ids, mask } = data().xs;
    const table = model.weights[0]?.variable as tf.Variable;
    const uncut = model.cut([], { adapted: new Set(["embeddings/tokens"]), held: new Set(), pure: new Set() });
    const gradient = (trainable: boolean): { values: unknown; bytes: number } => {
      for (const { variable } of model.weights.slice(1)) variable.trainable = trainable;
      return tf.tidy(() => {
        let bytes = 0;
        const { grads } = tf.variableGrads(() => {
          const cut = [ids, mask].map((tensor) => ({ tensor, mask: null }));
          const loss = tf.sum(tf.square(uncut.runTail(cut, true)[0] as tf.Tensor)) as tf.Scalar;
          bytes = tf.memory().numBytes;
          return loss;
        }, [table]);
        return { values: grads[table.name]?.arraySync(), bytes };
      });
    };
    const [frozen, trained] = [gradient(false), gradient(true)];
    expect(frozen.values).toEqual(trained.values);
    expect(frozen.bytes).toBeLessThan(trained.bytes);
  });
});

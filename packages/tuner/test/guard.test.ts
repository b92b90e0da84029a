import "@tensorflow/tfjs-backend-cpu";
import { type Combiner, NonFiniteError, sgd } from "@graftjs/core";
import * as converter from "@tensorflow/tfjs-converter";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { type FineTuneOptions, fineTune, functionAdapter, graphModelAdapter, type TunableModel } from "../src/index.ts";
import { graphArtifact } from "./graphs.ts";
import { examples, weightsOf } from "./support.ts";

beforeEach(() => tf.setBackend("cpu"));

const options = (more: Partial<FineTuneOptions>): FineTuneOptions => ({
  data: examples([4], 8),
  loss: "softmaxCrossEntropy",
  trainable: "**",
  rule: sgd(),
  learningRate: 0.1,
  epochs: 1,
  batchSize: 8,
  ...more,
});

const sum: Combiner<null> = {
  name: "sum",
  init: () => null,
  weigh: (_gram, tasks) => ({ weights: Float64Array.from(tasks, () => 1), state: null }),
};

/** Returns the message of the error, and checks that nothing is leaked. */
async function failure(model: TunableModel, more: Partial<FineTuneOptions>): Promise<string> {
  const given = options(more);
  const start = tf.memory().numTensors;
  const error = await fineTune(model, given).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(NonFiniteError);
  expect(tf.memory().numTensors).toBe(start);
  return (error as Error).message;
}

/** Makes a chain 4 → a → middle → b → 3. */
function chain(middle: layers.layers.Layer): layers.LayersModel {
  const kernelInitializer = layers.initializers.glorotNormal({ seed: 1 });
  return layers.sequential({
    layers: [
      layers.layers.dense({ units: 5, inputShape: [4], name: "a", kernelInitializer }),
      middle,
      layers.layers.dense({ units: 3, name: "b", kernelInitializer }),
    ],
  });
}

class Spoiler extends layers.layers.Layer {
  static className = "Spoiler";
  readonly #op: (x: tf.Tensor) => tf.Tensor;
  constructor(op: (x: tf.Tensor) => tf.Tensor) {
    super({ name: "spoiler" });
    this.#op = op;
  }
  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return this.#op((Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor);
  }
}

describe("a value that is not finite", () => {
  it("is named by layer and op in the forward pass: log of a negative value", async () => {
    const model = chain(new Spoiler((x) => tf.log(tf.sub(tf.neg(tf.square(x)), 1))));
    expect(await failure(model, {})).toMatch(
      /The loss is NaN in step 0[\s\S]*In the output of `Log` in `spoiler` \(Spoiler\)/,
    );
  });

  it("is named by layer and op in the backward pass: the square root of 0 has an infinite slope", async () => {
    const message = await failure(chain(new Spoiler((x) => tf.sqrt(tf.mul(x, 0)))), {});
    expect(message).toMatch(/gradient of `a\/bias` and 1 more is not finite in step 0/);
    expect(message).toMatch(/In the gradient of `Sqrt` in `spoiler` \(Spoiler\)/);
  });

  it("is found in the data, the labels and the loss", async () => {
    const { xs, ys } = examples([4], 8);
    const nan = tf.mul(xs, Number.NaN);
    const plain = () => chain(layers.layers.activation({ activation: "tanh", name: "t" }));
    expect(await failure(plain(), { data: { xs: nan, ys } })).toMatch(/In the input `a_input`. Check the data/);
    expect(await failure(plain(), { data: { xs: nan, ys }, trainable: "b" })).toMatch(/In the cached output of `t`/);
    const loss = (labels: tf.Tensor, y: tf.Tensor) => tf.mean(tf.log(tf.neg(tf.square(tf.sub(labels, y)))));
    expect(await failure(plain(), { loss })).toMatch(/In the output of `Log` in the loss/);
  });

  it("is named by node in a GraphModel, and by op in functions over variables", async () => {
    const artifacts = graphArtifact();
    const weightData = new Uint8Array((artifacts.weightData as ArrayBuffer).slice(0));
    // Changes the first value of head/kernel.
    new DataView(weightData.buffer).setFloat32(76 * 4, Number.NaN, true);
    const graph = await converter.loadGraphModel({
      load: async () => ({ ...artifacts, weightData: weightData.buffer }),
    });
    const data = examples([6, 6, 2], 8);
    const adapter = graphModelAdapter(graph, { outputs: ["logits"] });
    expect(await failure(adapter, { data })).toMatch(/in `mul` \(MatMul\)/);
    const kernel = tf.variable(tf.ones([4, 3]));
    const functions = functionAdapter({
      variables: { "head/kernel": kernel },
      inputs: { x: [null, 4] },
      outputs: { y: [null, 3] },
      forward: ([x]) => tf.exp(tf.mul(1e3, tf.square(tf.matMul(x as tf.Tensor2D, kernel as unknown as tf.Tensor2D)))),
    });
    expect(await failure(functions, {})).toMatch(/In the output of `exp`\./);
  });
});

describe("a step that is not applied", () => {
  it("leaves the moving statistics unchanged too", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => {});
    const { xs, ys } = examples([4], 8);
    const spoilt = tf.concat([tf.slice(xs, 0, 4), tf.mul(tf.slice(xs, 4), Number.NaN)]);
    const model = chain(layers.layers.batchNormalization({ name: "bn" }));
    const run = options({
      data: { xs: spoilt, ys },
      batchSize: 4,
      shuffle: false,
      epochs: 2,
      guard: { policy: "skip" },
    });
    const result = await fineTune(model, run);
    result.restore();
    expect(result.warnings).toHaveLength(2);
    expect(Object.values(weightsOf(model)).flat().every(Number.isFinite)).toBe(true);
    vi.restoreAllMocks();
  });

  it("restores weights, optimizer state and averages from the snapshot with `rollback`, and skips a step if there is a snapshot", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => {});
    const { xs, ys } = examples([4], 24);
    const spoilt = tf.concat([tf.slice(xs, 0, 20), tf.mul(tf.slice(xs, 20), Number.NaN)]);
    const run = async (data: FineTuneOptions["data"], more: Partial<FineTuneOptions>) => {
      const model = chain(layers.layers.activation({ activation: "tanh", name: "t" }));
      const rule = sgd({ momentum: 0.9 });
      const given = options({ data, rule, ema: { decay: 0.5 }, batchSize: 4, shuffle: false, ...more });
      const { restore, steps } = await fineTune(model, given);
      restore();
      return { weights: weightsOf(model), steps };
    };
    const first = (n: number) => ({ xs: tf.slice(xs, 0, n), ys: tf.slice(ys, 0, n) });
    const rollback = (snapshotEvery: number) =>
      run({ xs: spoilt, ys }, { guard: { policy: "rollback", snapshotEvery } });
    // Five good steps, then a bad one: back to the fourth, or to the start.
    expect((await rollback(2)).weights).toEqual((await run(first(16), {})).weights);
    expect((await rollback(50)).weights).toEqual(
      weightsOf(chain(layers.layers.activation({ activation: "tanh", name: "t" }))),
    );
    const skipped = await run({ xs: spoilt, ys }, { guard: { policy: "skip" } });
    expect(await rollback(1)).toEqual(skipped);
    expect(skipped).toEqual(await run(first(20), {}));
    vi.restoreAllMocks();
  });

  it("includes steps with a jump of the loss, also with a combiner", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => {});
    const input = layers.input({ shape: [4] });
    const kernelInitializer = layers.initializers.glorotNormal({ seed: 1 });
    const hidden = layers.layers
      .dense({ units: 5, name: "body", kernelInitializer })
      .apply(input) as layers.SymbolicTensor;
    const outputs = ["left", "right"].map(
      (name) => layers.layers.dense({ units: 3, name, kernelInitializer }).apply(hidden) as layers.SymbolicTensor,
    );
    const model = layers.model({ inputs: input, outputs });
    const { xs, ys } = examples([4], 8);
    let calls = 0;
    const jumping = (labels: tf.Tensor, y: tf.Tensor): tf.Tensor =>
      tf.mul(++calls === 3 ? 1e4 : 1, tf.mean(tf.square(tf.sub(labels, y))));
    const before: Record<string, number[]>[] = [];
    const run = options({
      data: { xs, ys: { left: ys, right: ys } },
      loss: { left: jumping, right: "meanSquaredError" },
      combiner: sum,
      epochs: 4,
      guard: { spike: 5, policy: "skip" },
      observers: [{ stepEnd: () => void before.push(weightsOf(model)) }],
    });
    const start = tf.memory().numTensors;
    const result = await fineTune(model, run);
    result.restore();
    expect(result.warnings).toEqual([expect.stringMatching(/Step 2 was bad \(loss \d+/)]);
    expect(result.steps).toBe(3);
    expect(before[2]).toEqual(before[1]);
    expect(before[3]).not.toEqual(before[2]);
    expect(tf.memory().numTensors).toBe(start);
    vi.restoreAllMocks();
  });
});

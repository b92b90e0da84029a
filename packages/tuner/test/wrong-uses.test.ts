import "@tensorflow/tfjs-backend-cpu";
import { adam, HookedOptimizer, namedParams, sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { beforeEach, describe, expect, it, vi } from "vitest";
import {
  applyDelta,
  extendHead,
  type FineTuneOptions,
  fineTune,
  functionAdapter,
  graphModelAdapter,
  loadLayersModel,
  loadModel,
  readModelArtifacts,
  replaceHead,
} from "../src/index.ts";
import { convNet, mlp } from "./nets.ts";
import { examples } from "./support.ts";

beforeEach(() => tf.setBackend("cpu"));

const options = (more: object): FineTuneOptions =>
  ({
    data: examples([4]),
    loss: "categoricalCrossentropy",
    trainable: "head",
    rule: sgd(),
    learningRate: 0.1,
    epochs: 1,
    ...more,
  }) as FineTuneOptions;

const base = new URL("../../../examples/quickstart/base/model.json", import.meta.url).pathname;
const hook = { init: () => null, transform: (grads: unknown, state: unknown) => ({ grads, state }) };

describe("parts of the wrong form are refused with the fix", () => {
  it.each<[string, object, RegExp]>([
    ["tfjs optimizer as rule", { rule: tf.train.adam(0.1) }, /`rule` is an optimizer of tfjs.*\s.*`rule: adam\(\)`/],
    ["function as rule", { rule: adam }, /`rule` is the function that makes a rule. Call it/],
    ["other object as rule", { rule: { name: "x" } }, /`rule` is not an update rule. Give `sgd\(\)`/],
    ["checkpoint without a place", { checkpoint: { resume: true } }, /`checkpoint` does not say where. Give a folder/],
    ["negative seed", { seed: -1 }, /`seed` must be an integer ≥ 0, got -1/],
    ["fractional seed", { seed: 0.5 }, /`seed` must be an integer ≥ 0, got 0.5/],
    ["hook as rule", { rule: { name: "x", ...hook } }, /`rule` is not an update rule.*hooks as `hooks`/],
    ["function as patch", { patches: [() => 1] }, /`patches\[0\]` is the function that makes a patch. Call it/],
    ["other object as patch", { patches: [{}] }, /`patches\[0\]` has no method `apply`/],
    ["tfjs callback as observer", { observers: [{ onEpochEnd() {} }] }, /`observers\[0\]`.*`onEpochEnd`.*`epochEnd`/],
    ["function as observer", { observers: [() => {}] }, /`observers\[0\]` is a function.*call it/],
    ["observer with a mistyped method", { observers: [{ epochsEnd() {} }] }, /no method of an observer.*`epochEnd`/],
    ["observer in both forms", { observers: [{ stepEnd() {}, onEpochEnd() {} }] }, /never called.*`epochEnd`/],
    ["tfjs callback as callback", { callbacks: [{ name: "x", onTrainEnd() {} }] }, /`onTrainEnd`.*`finish`/],
    ["function as callback", { callbacks: [() => {}] }, /`callbacks\[0\]` is a function/],
    [
      "hook that the rule cancels",
      { rule: adam(), hooks: [{ name: "x", ...hook, conflicts: { adam: "it cancels. Use y." } }] },
      /hooks\[0\]: `x` conflicts with `adam`: it cancels. Use y./,
    ],
  ])("%s", async (_, more, message) => {
    const error = await fineTune(mlp(), options(more)).catch((error: Error) => error);
    expect(error).toMatchObject({ name: "OptionsError", message: expect.stringMatching(message) });
  });

  it("parameters that are missing, or a model in their place", () => {
    for (const params of [undefined, mlp()])
      expect(() => new HookedOptimizer({ params, rule: sgd(), learningRate: 0.1 } as never)).toThrow(
        /namedParams\(model\)/,
      );
    expect(new HookedOptimizer({ params: namedParams(mlp()), rule: sgd(), learningRate: 0.1 }).params).toHaveLength(6);
  });
});

describe("wrong values are refused with the value and the fix", () => {
  const { xs, ys } = examples([4]) as { xs: tf.Tensor; ys: tf.Tensor };
  const wrong = (ys: tf.Tensor | undefined, loss = "categoricalCrossentropy"): object => ({ loss, data: { xs, ys } });

  it.each<[string, object, RegExp]>([
    ["loss that no plugin has", { loss: "crossEntropi" }, /`loss` must be one of categoricalCrossentropy/],
    ["mistyped metric", { metrics: ["acuracy"] }, /`metrics.0` must be .* got "acuracy". Did you mean `accuracy`/],
    ["metric without a list", { metrics: "accuracy" }, /`metrics` must be an array or an object, got "accuracy"/],
    ["mistyped selector", { trainable: "haed" }, /`trainable` matches nothing with `haed`.\s+Did you mean `head`/],
    ["empty selector", { trainable: [] }, /matches none of 6 parameters.\s+Known: `trunk\/kernel`/],
    ["half an epoch", { epochs: 1.5 }, /`epochs` must be an integer ≥ 1 .* got 1.5/],
    ["batches of nothing", { batchSize: 0 }, /`batchSize` must be an integer ≥ 1, got 0/],
    ["rate that is not a number", { learningRate: Number.NaN }, /`learningRate` .* got NaN. Give a number ≥ 0/],
    ["rate as a text", { learningRate: "0.1" }, /`learningRate` must be a schedule, got "0.1"/],
    ["no data", { data: undefined }, /`data` is required/],
    ["no rule", { rule: undefined }, /`rule` is required: a rule/],
    ["no labels", wrong(undefined), /ys is not an array of examples/],
    ["fewer labels than inputs", wrong(tf.slice(ys, 0, 3)), /ys `head` has 3 examples, but the first input has 20/],
    [
      "inputs of another width",
      { data: { xs: tf.zeros([20, 5]), ys } },
      /xs `trunk_input` is \[20,5\], but the model takes \[any,4\]/,
    ],
    [
      "validation of another width",
      { validation: { xs: tf.zeros([4, 5]), ys } },
      /validation: xs `trunk_input` is \[4,5\]/,
    ],
    ["no examples", { data: { xs: tf.zeros([0, 4]), ys: tf.zeros([0, 3]) } }, /data has no examples/],
    [
      "class number without a class",
      wrong(tf.fill([20], 9), "sparseCategoricalCrossentropy"),
      /class numbers from 9 to 9, and the output has classes 0 to 2/,
    ],
    [
      "one-hot labels for a sparse loss",
      wrong(ys, "sparseCategoricalCrossentropy"),
      /Is it one-hot\? Use the loss without "sparse"/,
    ],
    ["class numbers for a dense loss", wrong(tf.zeros([20])), /data.ys is \[20\], and `categoricalCrossentropy` takes/],
    [
      "values that are not numbers",
      { data: { xs: tf.fill([20, 4], Number.NaN), ys } },
      /first value that is not finite[\s\S]*Check the data/,
    ],
    ["mistyped option", { epoch: 3 }, /`epoch` is not an option. Did you mean `epochs`/],
    ["mistyped value to watch", { earlyStopping: { monitor: "val_los" } }, /watches `val_los`, .*\s.*produces loss/],
    [
      "validation to watch without any",
      { earlyStopping: { monitor: "val_loss" } },
      /a key with val_ needs validation data/,
    ],
    ["weights for other classes", { classWeights: [1] }, /1 weights for 3 classes/],
    ["hook by name", { hooks: ["clip"] }, /`hooks.0` must be a hook, got "clip". Names work in recipes only/],
    ["patch by name", { patches: ["frozen-bn"] }, /`patches.0` must be a patch.* call the plugin's function/],
    ["half a micro-batch", { accumulate: 1.5 }, /`accumulate` must be an integer ≥ 1, got 1.5/],
    ["number as checkpoint", { checkpoint: 3 }, /`checkpoint` must be an object, got 3/],
    ["resume from nowhere", { checkpoint: { resume: true } }, /`checkpoint.to` is required/],
    ["augmentation without a list", { augment: "flip" }, /`augment` must be an array, got "flip"/],
  ])("%s", async (_, more, message) => {
    const error = await fineTune(mlp(), options(more)).catch((error: Error) => error);
    expect(error).toMatchObject({
      name: expect.stringMatching(/^(Options|Data|Selection|NonFinite)Error$/),
      message: expect.stringMatching(message),
    });
  });

  it.each<[string, () => unknown, RegExp]>([
    [
      "no model",
      () => fineTune(undefined as never, options({})),
      /neither a LayersModel nor an adapter.*\s.*tf.loadLayersModel/,
    ],
    ["path as model", () => fineTune("model.json" as never, options({})), /neither a LayersModel nor an adapter/],
    ["no options", () => fineTune(mlp(), undefined as never), /fineTune has no options.*\s.*second argument/],
    [
      "disposed model",
      () => {
        const model = mlp();
        model.dispose();
        return fineTune(model, options({}));
      },
      /model was disposed.*\s.*load it again/,
    ],
    [
      "head without units",
      () => replaceHead(mlp(), { units: 0 }),
      /`units` of replaceHead is 0.*\s.*number of classes/,
    ],
    [
      "head after no layer",
      () => replaceHead(mlp(), { units: 2, after: "boddy" }),
      /No layer is named `boddy`.*\s.*`trunk`/,
    ],
    [
      "text as number of classes",
      () => extendHead(mlp(), { add: "1" } as never),
      /`add` of extendHead is 1.*\s.*integer ≥ 1/,
    ],
    [
      "other bytes as delta",
      () => applyDelta(mlp(), new Uint8Array(9)),
      /not a safetensors file.*\s.*Is the file complete/,
    ],
    ["LayersModel as graph", () => graphModelAdapter(mlp() as never), /has no topology.*\s.*tf.loadGraphModel/],
    [
      "functions without a model",
      () => functionAdapter({} as never),
      /lacks `variables`, `forward`, `inputs` and `outputs`.*\s.*Give/,
    ],
  ])("%s", async (_, work, message) => {
    await expect((async () => work())()).rejects.toMatchObject({
      hint: expect.stringMatching(/./),
      message: expect.stringMatching(message),
    });
  });
});

describe("several outputs", () => {
  const y = tf.tensor2d(Array.from({ length: 12 }, (_, i) => [i % 2, 1 - (i % 2)]));
  const net = (): layers.LayersModel => {
    const input = layers.input({ shape: [4] });
    const body = layers.layers.dense({ units: 3, name: "body" }).apply(input);
    const outputs = ["a", "b"].map((name) => layers.layers.dense({ units: 2, name }).apply(body));
    return layers.model({ inputs: input, outputs: outputs as layers.SymbolicTensor[] });
  };
  const combiner = {
    name: "sum",
    init: () => null,
    weigh: (_: unknown, { length }: unknown[]) => ({ weights: new Float64Array(length).fill(1), state: null }),
  };
  type Loss = (labels: tf.Tensor, predictions: tf.Tensor) => unknown;
  const squares: Loss = (labels, predictions) => tf.mean(tf.square(tf.sub(labels, predictions)));

  it.each<[string, tf.Tensor, Loss | undefined, RegExp]>([
    [
      "labels of another width",
      tf.zeros([12, 3]),
      undefined,
      /data\.ys, output `b`, is \[12,3\], and `meanSquaredError`/,
    ],
    ["labels of another rank", tf.zeros([12]), undefined, /data\.ys, output `b`, is \[12\], and `meanSquaredError`/],
    ["a single number as labels", tf.scalar(1), undefined, /ys `b` is a single number\. Give one row per example/],
    [
      "labels that a loss function cannot take",
      tf.zeros([12, 3]),
      squares,
      /failed for labels \[12,3\] and predictions \[12,2\]/,
    ],
    ["a loss function without a result", y, () => undefined, /loss function returned nothing\.\s+Return a tensor/],
    ["a loss function that returns a number", y, () => 3, /loss function returned number\.\s+Return a tensor/],
  ])("%s: named, with and without a combiner", async (_, b, loss, message) => {
    const given = { data: { xs: tf.ones([12, 4]), ys: { a: y, b } }, trainable: "all" };
    const losses = { a: "meanSquaredError", b: loss ?? "meanSquaredError" };
    for (const more of [{}, { combiner }])
      await expect(fineTune(net(), options({ ...given, ...more, loss: losses }))).rejects.toMatchObject({
        name: expect.stringMatching(/^(Data|Options)Error$/),
        message: expect.stringMatching(message),
      });
  });

  it.each<[string, Loss, object, RegExp]>([
    [
      "an op without a gradient",
      (l, p) => tf.mean(tf.cumprod(tf.sub(l, p))),
      combiner,
      /loss of output `b` .*no gradient for `Cumprod`/,
    ],
    ["a constant loss", () => tf.scalar(3), combiner, /loss of output `b` depends on no trained parameter/],
    [
      "a combiner without weights",
      squares,
      { ...combiner, weigh: () => undefined },
      /`sum` returned no weight\(s\) for 2 tasks/,
    ],
  ])("%s: named, with a combiner", async (_, b, combiner, message) => {
    const data = { xs: tf.ones([12, 4]), ys: { a: y, b: y } };
    const loss = { a: "meanSquaredError", b };
    await expect(fineTune(net(), options({ data, trainable: "all", combiner, loss }))).rejects.toMatchObject({
      name: expect.stringMatching(/^(Recipe|Options)Error$/),
      message: expect.stringMatching(message),
    });
  });
});

describe("schedules that span a run", () => {
  const spanning = (steps: number | undefined, asked: number[]) => {
    const forSteps = (own: number) => {
      asked.push(own);
      return (step: number) => 1 / (own + step);
    };
    return Object.assign(() => 0.1, { steps, forSteps });
  };

  it("take the length of the run: epochs × steps, with accumulation", async () => {
    const [asked, rates]: [number[], number[]] = [[], []];
    const observers = [{ stepEnd: ({ learningRate }: { learningRate: number }) => void rates.push(learningRate) }];
    // 20 examples in 5 batches of 4, of which two make a step: 3 steps per epoch.
    const length = { batchSize: 4, accumulate: 2, epochs: 2 };
    const run = { ...length, learningRate: spanning(undefined, asked), observers, maxSteps: 2 };
    (await fineTune(mlp(), options(run))).restore();
    expect(asked).toEqual([6]);
    expect(rates).toEqual([1 / 6, 1 / 7]);
    (await fineTune(mlp(), options({ ...length, learningRate: spanning(6, asked) }))).restore();
  });

  it("are refused with another length, with both numbers", async () => {
    const run = fineTune(mlp(), options({ batchSize: 4, epochs: 2, learningRate: spanning(99, []) }));
    await expect(run).rejects.toThrow(/`learningRate` has 99 steps, and the run has 10: 2 epochs of 5 steps/);
  });
});

describe("sources of models", () => {
  it("takes a path, and says what it takes", async () => {
    await expect(loadLayersModel("/nowhere/net.json")).rejects.toThrow(/Cannot read net.json: ENOENT/);
    await expect(readModelArtifacts("/nowhere/net.json")).rejects.toThrow(/Cannot read net.json: ENOENT/);
    for (const load of [loadLayersModel, loadModel, readModelArtifacts])
      await expect(load(undefined as never)).rejects.toMatchObject({
        name: "LoadError",
        message: expect.stringMatching(/not a path.*\s.*Give a path/),
      });
  });

  it("loads the base of the quickstart by its path", async () => {
    const model = await loadLayersModel(base);
    expect(model.layers.length).toBeGreaterThan(3);
    model.dispose();
  });
});

describe("backends", () => {
  it("names a kernel that the backend lacks, and the package that has it", async () => {
    const kernel = tf.getKernel("Conv2DBackpropFilter", "cpu") as tf.KernelConfig;
    tf.unregisterKernel("Conv2DBackpropFilter", "cpu");
    try {
      await expect(fineTune(convNet(), options({ data: examples([8, 8, 2]), trainable: "all" }))).rejects.toMatchObject(
        {
          name: "BackendError",
          message: expect.stringMatching(/`cpu` has no kernel `Conv2DBackpropFilter`.*\s.*@graftjs\/backend-wasm/),
        },
      );
    } finally {
      tf.registerKernel(kernel);
    }
  });

  it("names a package if tfjs has no backend", async () => {
    const none = vi.spyOn(tf.engine(), "backendNames").mockReturnValue([]);
    for (const run of [() => fineTune(mlp(), options({})), () => loadLayersModel(base)])
      await expect(run()).rejects.toThrow(/no backend.*\s.*@graftjs\/backend-wasm/);
    none.mockRestore();
  });
});

describe("runs that learn nothing are warned of", () => {
  const pictures = tf.floor(tf.randomUniform([40, 6, 6, 1], 0, 255.99, "float32", 3));
  const labels = tf.oneHot(
    tf.tensor1d(
      Array.from({ length: 40 }, (_, i) => i % 2),
      "int32",
    ),
    2,
  );
  const net = (...first: layers.layers.Layer[]): layers.Sequential => {
    const kernelInitializer = layers.initializers.randomNormal({ stddev: 0.01, seed: 2 });
    return layers.sequential({
      layers: [
        ...first,
        layers.layers.conv2d({ filters: 2, kernelSize: 3, inputShape: [6, 6, 1], kernelInitializer }),
        layers.layers.flatten(),
        layers.layers.dense({ units: 2, name: "head", kernelInitializer }),
      ],
    });
  };
  const run = async (model: layers.Sequential, xs: tf.Tensor, more: object = {}): Promise<readonly string[]> => {
    vi.spyOn(console, "warn").mockImplementation(() => {});
    const given = { data: { xs, ys: labels }, loss: "softmaxCrossEntropy", learningRate: 1e-6, ...more };
    const { warnings, plan } = await fineTune(model, options(given));
    vi.restoreAllMocks();
    expect(plan.warnings).toEqual(warnings.filter((line) => line.includes("bytes")));
    return warnings;
  };

  it("pictures of 0 to 255, unless a layer rescales them", async () => {
    const bytes = /input `.*` has whole numbers up to 255, as the bytes of pictures/;
    expect(await run(net(), pictures)).toEqual([expect.stringMatching(bytes)]);
    expect(await run(net(), tf.cast(pictures, "int32"))).toEqual([expect.stringMatching(bytes)]);
    expect(await run(net(), tf.div(pictures, 255))).toEqual([]);
    expect(await run(net(), tf.sub(pictures, 128))).toEqual([]);
    expect(await run(net(layers.layers.rescaling({ scale: 1 / 255, inputShape: [6, 6, 1] })), pictures)).toEqual([]);
  });

  it("a first loss far above that of a guess", async () => {
    // A guess between two classes has the loss log 2, 0.693.
    expect(await run(net(), tf.mul(pictures, 1e4 + 0.5))).toEqual([
      expect.stringMatching(/first loss is \d+, and a guess has 0\.693/),
    ]);
  });

  it("a loss that is still that of a guess after 30 steps", async () => {
    const guess = /After 40 steps the loss is 0\.69\d, which is that of a guess/;
    const same = tf.zeros([40, 6, 6, 1]);
    const more = { trainable: "all", epochs: 4, batchSize: 4 };
    expect(await run(net(), same, more)).toEqual([expect.stringMatching(guess)]);
    expect(await run(net(), same, { ...more, epochs: 2 })).toEqual([]);
    const learnable = tf.mul(tf.ones([40, 6, 6, 1]), tf.reshape(tf.slice(labels, [0, 0], [40, 1]), [40, 1, 1, 1]));
    expect(await run(net(), learnable, { ...more, learningRate: 0.1 })).toEqual([]);
  });

  it("a layer whose activations are dead", async () => {
    const dead = layers.layers.dense({ units: 3, name: "dead", activation: "relu", biasInitializer: "ones" });
    const model = layers.sequential({
      layers: [layers.layers.flatten({ inputShape: [6, 6, 1] }), dead, layers.layers.dense({ units: 2, name: "head" })],
    });
    const more = { trainable: "all", epochs: 8, batchSize: 8, learningRate: 0.001 };
    const learnable = tf.mul(tf.ones([40, 6, 6, 1]), tf.reshape(tf.slice(labels, [0, 0], [40, 1]), [40, 1, 1, 1]));
    expect((await run(model, learnable, more)).join()).not.toMatch(/every output/);
    dead.setWeights([tf.zeros([36, 3]), tf.fill([3], -1)]);
    expect((await run(model, learnable, more)).join()).toMatch(
      /After 30 steps every output of `dead` \(Dense\) is 0 for a batch of 8 examples.*10 times lower/,
    );
  });
});

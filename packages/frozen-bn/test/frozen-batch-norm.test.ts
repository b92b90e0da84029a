import { GraftError, HookedOptimizer, namedParams, OptionsError, SelectionError, sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import "@tensorflow/tfjs-backend-cpu";
import { beforeAll, describe, expect, it } from "vitest";
import { frozenBatchNorm } from "../src/index.ts";
import { bits, convNet, data, fit, moved } from "./nets.ts";

beforeAll(async () => {
  await tf.setBackend("cpu");
});

const STATISTICS = ["bn_a/moving_mean", "bn_a/moving_variance", "bn_b/moving_mean", "bn_b/moving_variance"];

describe("statistics", () => {
  it("change in stock tfjs even if nothing is trainable (T1), and stay bit for bit with the patch", async () => {
    for (const patched of [false, true]) {
      const model = convNet();
      for (const layer of model.layers.slice(0, -1)) layer.trainable = false;
      const handle = patched ? frozenBatchNorm().apply(model) : undefined;
      const before = bits(model);
      await fit(model, 3);
      const changed = moved(before, bits(model));
      expect(changed).toEqual(patched ? ["head/bias", "head/kernel"] : [...STATISTICS, "head/bias", "head/kernel"]);
      expect(handle?.held).toEqual(patched ? ["bn_a", "bn_b"] : undefined);
      model.dispose();
    }
  });

  it("normalize in training as in inference: the same bits", () => {
    const model = convNet();
    const { x } = data();
    const { restore } = frozenBatchNorm().apply(model);
    const [training, inference] = [true, false].map((flag) =>
      (model.apply(x, { training: flag }) as tf.Tensor).dataSync(),
    );
    expect(training).toEqual(inference);
    restore();
    expect((model.apply(x, { training: true }) as tf.Tensor).dataSync()).not.toEqual(inference);
  });

  it("of a nested, frozen base stay, also inside TimeDistributed and in a layer that is used twice", async () => {
    const base = convNet();
    base.trainable = false;
    const shared = tfl.layers.batchNormalization({ name: "shared" });
    const input = tfl.input({ shape: [2, 6, 6, 3] });
    const frames = tfl.layers.timeDistributed({ layer: base, name: "each" }).apply(input) as tfl.SymbolicTensor;
    const once = shared.apply(frames) as tfl.SymbolicTensor;
    const twice = shared.apply(once) as tfl.SymbolicTensor;
    const flat = tfl.layers.flatten().apply(twice) as tfl.SymbolicTensor;
    const model = tfl.model({
      inputs: input,
      outputs: tfl.layers.dense({ units: 1, name: "out" }).apply(flat) as tfl.SymbolicTensor,
    });
    const { held } = frozenBatchNorm().apply(model);
    expect(held?.length).toBe(3);
    const before = bits(model);
    model.compile({ optimizer: tf.train.sgd(0.1), loss: "meanSquaredError" });
    await model.fit(tf.randomNormal([4, 2, 6, 6, 3]), tf.ones([4, 1]), { epochs: 2, verbose: 0 });
    expect(moved(before, bits(model)).filter((name) => name.includes("moving"))).toEqual([]);
  });
});

describe("restore", () => {
  it("brings back the stock behavior: more training gives the same bits, and no layer has its own `call`", async () => {
    const [stock, patched] = [convNet(), convNet()];
    frozenBatchNorm({ preset: "bn-only" }).apply(patched).restore();
    for (const layer of patched.layers) expect(Object.hasOwn(layer, "call")).toBe(false);
    await fit(stock, 3);
    await fit(patched, 3);
    expect(moved(bits(stock), bits(patched))).toEqual([]);
  });

  it("may be called twice and in any order", () => {
    const model = convNet();
    const first = frozenBatchNorm().apply(model);
    const second = frozenBatchNorm({ preset: "all" }).apply(model);
    first.restore();
    first.restore();
    const before = bits(model);
    model.apply(data().x, { training: true });
    expect(moved(before, bits(model))).toEqual([]);
    second.restore();
    model.apply(data().x, { training: true });
    expect(moved(before, bits(model))).toEqual(STATISTICS);
  });
});

describe("scale: false, center: false and any axis", () => {
  for (const bn of [{ scale: false }, { center: false }, { scale: false, center: false }, { axis: 1 }]) {
    it(`${JSON.stringify(bn)} trains; stock tfjs throws (T2)`, async () => {
      await expect(fit(convNet(bn), 1)).rejects.toThrow();
      for (const preset of ["statistics", "recalibrate", "keras"] as const) {
        const model = convNet(bn);
        frozenBatchNorm({ preset }).apply(model);
        const losses = await fit(model, 3);
        expect(losses.every(Number.isFinite)).toBe(true);
        expect(losses[2]).toBeLessThan(losses[0] as number);
      }
    });
  }
});

describe("presets", () => {
  const trained = async (
    preset: "statistics" | "all" | "keras" | "bn-only" | "recalibrate",
    freeze: string[] = [],
  ): Promise<string[]> => {
    const model = convNet();
    for (const name of freeze) model.getLayer(name).trainable = false;
    frozenBatchNorm({ preset }).apply(model);
    const before = bits(model);
    const optimizer = new HookedOptimizer({ params: namedParams(model), rule: sgd(), learningRate: 0.05 });
    await fit(model, 2, optimizer);
    return moved(before, bits(model));
  };
  const affine = ["bn_a/gamma", "bn_a/beta", "bn_b/gamma", "bn_b/beta"];
  const rest = ["conv/kernel", "depthwise/depthwise_kernel", "head/kernel", "head/bias"];

  it("statistics: everything trains except the statistics", async () => {
    expect((await trained("statistics")).sort()).toEqual([...affine, ...rest].sort());
  });
  it("all: neither the statistics nor gamma and beta change", async () => {
    expect((await trained("all")).sort()).toEqual([...rest].sort());
  });
  it("bn-only: gamma and beta train, also in frozen layers, and nothing else", async () => {
    expect((await trained("bn-only", ["bn_b", "conv"])).sort()).toEqual([...affine].sort());
  });
  it("recalibrate: the statistics change, gamma and beta stay", async () => {
    expect((await trained("recalibrate")).sort()).toEqual([...STATISTICS, ...rest].sort());
  });
  it("keras: a frozen layer does not change, and a trainable layer is a plain batch norm, bit for bit", async () => {
    expect((await trained("keras", ["bn_a"])).sort()).toEqual(
      [...affine.slice(2), ...STATISTICS.slice(2), ...rest].sort(),
    );
    const [stock, patched] = [convNet(), convNet()];
    frozenBatchNorm({ preset: "keras" }).apply(patched);
    await fit(stock, 3);
    await fit(patched, 3);
    expect(moved(bits(stock), bits(patched))).toEqual([]);
  });
  it("switches override the preset: batch statistics without updates, running statistics with updates", () => {
    const { x } = data();
    for (const [options, moves] of [
      [{ normalizeBy: "batch" }, false],
      [{ updateStatistics: true }, true],
    ] as const) {
      const model = convNet();
      frozenBatchNorm(options).apply(model);
      const before = bits(model);
      const inference = (model.apply(x) as tf.Tensor).dataSync();
      const training = (model.apply(x, { training: true }) as tf.Tensor).dataSync();
      expect(moved(before, bits(model))).toEqual(moves ? STATISTICS : []);
      if (moves) expect(training).toEqual(inference);
      else expect(training).not.toEqual(inference);
    }
  });
});

describe("layers", () => {
  it("that the selector does not match stay stock layers", () => {
    const model = convNet();
    expect(frozenBatchNorm({ layers: "bn_b" }).apply(model).held).toEqual(["bn_b"]);
    const before = bits(model);
    model.apply(data().x, { training: true });
    expect(moved(before, bits(model))).toEqual(STATISTICS.slice(0, 2));
  });
});

describe("errors", () => {
  it("name the problem and change nothing", () => {
    expect(() => frozenBatchNorm({ preset: "al" } as never)).toThrow(OptionsError);
    expect(() => frozenBatchNorm({ preset: "keras", trainGamma: true })).toThrow(/follows each layer/);
    const model = convNet();
    expect(() => frozenBatchNorm({ layers: "bn_c" }).apply(model)).toThrow(/bn_a/);
    expect(Object.hasOwn(model.getLayer("bn_a"), "call")).toBe(false);
    const plain = tfl.sequential({ layers: [tfl.layers.dense({ units: 1, inputShape: [1] })] });
    expect(() => frozenBatchNorm().apply(plain)).toThrow(SelectionError);
    const graph = { name: "g", executor: {}, modelStructure: {} } as never;
    expect(() => frozenBatchNorm().apply(graph)).toThrow(/folded/);
    expect(() => frozenBatchNorm().apply({ name: "f" } as never)).toThrow(GraftError);
  });
});

describe("memory", () => {
  it("a step leaves no tensor, with any preset", async () => {
    for (const preset of ["statistics", "all", "keras", "bn-only", "recalibrate"] as const) {
      const model = convNet();
      frozenBatchNorm({ preset, ...(preset === "statistics" ? { updateStatistics: true } : {}) }).apply(model);
      const optimizer = tf.train.sgd(0.05);
      await fit(model, 1, optimizer);
      const before = tf.memory().numTensors;
      await fit(model, 3, optimizer);
      expect(tf.memory().numTensors - before).toBe(0);
      model.dispose();
    }
  });
});

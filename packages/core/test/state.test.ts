import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-backend-wasm";
import { accumulate, addDecayedWeights, applyIfFinite, ema, gradientStats } from "@graftjs/transforms";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { beforeEach, describe, expect, it } from "vitest";
import {
  type AnyRule,
  adam,
  adamw,
  HookedOptimizer,
  loadState,
  namedParams,
  registerHookedOptimizer,
  type SavedState,
  StateError,
  saveState,
  sgd,
} from "../src/index.ts";
import { bits, net, task } from "./nets.ts";

beforeEach(() => tf.setBackend("cpu"));

const rules: Readonly<Record<string, () => AnyRule>> = {
  "sgd with momentum and dampening": () => sgd({ momentum: 0.9, dampening: 0.3, nesterov: true }),
  adam: () => adam(),
  adamw: () => adamw(),
};
const make = (model: tfl.LayersModel, rule: () => AnyRule = rules.adam as () => AnyRule): HookedOptimizer =>
  new HookedOptimizer({
    params: namedParams(model),
    hooks: [accumulate(2), addDecayedWeights({ weightDecay: 0.01 }), applyIfFinite(), ema(), gradientStats("raw")],
    rule: rule(),
    learningRate: (step) => 0.05 * 0.9 ** step,
  });

for (const backend of ["cpu", "wasm"]) {
  for (const [name, rule] of Object.entries(rules)) {
    it(`${backend}, ${name}: stopped at any step and resumed, a run is bit-identical`, async () => {
      expect(await tf.setBackend(backend)).toBe(true);
      const before = tf.memory().numTensors;
      const { x, y, loss } = task();
      const STEPS = 6;
      const straight = net();
      const optimizer = make(straight, rule);
      const saves: { state: SavedState; weights: tf.Tensor[] }[] = [];
      for (let step = 0; step < STEPS; step++) {
        const weights = straight.getWeights().map((weight) => tf.keep(tf.clone(weight)));
        saves.push({ state: await saveState(optimizer), weights });
        // Frozen in the middle, schedules of freezing being part of a run.
        if (step === 2) optimizer.freeze("hidden/**");
        if (step === 4) optimizer.unfreeze("all");
        optimizer.minimize(loss(straight), false);
      }
      for (const [at, { state, weights }] of saves.entries()) {
        const model = net();
        model.setWeights(weights);
        const resumed = make(model, rule);
        // As a file would hold it.
        const { data, ...head } = state;
        loadState(resumed, { ...(JSON.parse(JSON.stringify(head)) as typeof head), data: data.slice() });
        for (let step = at; step < STEPS; step++) {
          if (step === 2) resumed.freeze("hidden/**");
          if (step === 4) resumed.unfreeze("all");
          resumed.minimize(loss(model), false);
        }
        expect(bits(model), `resumed at ${at}`).toEqual(bits(straight));
        expect(resumed.step).toBe(optimizer.step);
        resumed.dispose();
        model.dispose();
        tf.dispose(weights);
      }
      optimizer.dispose();
      straight.dispose();
      tf.dispose([x, y]);
      expect(tf.memory().numTensors).toBe(before);
    });
  }
}

describe("a freeze schedule", () => {
  it("resumes in a fresh optimizer: what was frozen from the first step on has no slots, and gets them when it thaws", async () => {
    const before = tf.memory().numTensors;
    const { x, y, loss } = task();
    const [straight, model] = [net(), net()];
    const [first, second] = [straight, model].map((m) => make(m)) as [HookedOptimizer, HookedOptimizer];
    first.freeze("hidden/**");
    for (let i = 0; i < 3; i++) first.minimize(loss(straight), false);
    const saved = await saveState(first);
    expect(saved.specs.map(({ path }) => path).filter((path) => path.includes("hidden"))).toEqual([]);
    model.setWeights(straight.getWeights());
    loadState(second, saved);
    expect(second.frozen).toEqual(first.frozen);
    for (const [optimizer, m] of [
      [first, straight],
      [second, model],
    ] as const) {
      optimizer.unfreeze("all");
      for (let i = 0; i < 3; i++) optimizer.minimize(loss(m), false);
    }
    expect(bits(model)).toEqual(bits(straight));
    for (const thing of [first, second, straight, model]) thing.dispose();
    tf.dispose([x, y]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it("is the checkpoint's: slots that it lacks are missing, whatever is frozen now", async () => {
    const { loss } = task();
    const model = net();
    const optimizer = make(model);
    optimizer.freeze("hidden/**");
    optimizer.minimize(loss(model), false);
    const saved = await saveState(optimizer);
    expect(() => loadState(optimizer, { ...saved, frozen: [] })).toThrow(/rule\/m\/hidden\/kernel is missing/);
    expect(() => loadState(optimizer, { ...saved, frozen: [...saved.frozen, "tail/kernel"] })).toThrow(
      /tail\/kernel is frozen in the checkpoint, but the optimizer has no such parameter/,
    );
    expect(optimizer.frozen).toEqual(saved.frozen);
  });
});

describe("a checkpoint that does not fit lists what is wrong and changes nothing", () => {
  const setup = async (): Promise<{ optimizer: HookedOptimizer; saved: SavedState; free: () => void }> => {
    const { x, y, loss } = task();
    const model = net();
    const optimizer = new HookedOptimizer({ params: namedParams(model), rule: adam(), learningRate: 0.1 });
    for (let i = 0; i < 2; i++) optimizer.minimize(loss(model), false);
    const free = (): void => {
      optimizer.dispose();
      model.dispose();
      tf.dispose([x, y]);
    };
    return { optimizer, saved: await saveState(optimizer), free };
  };
  const spoiled: Readonly<Record<string, (saved: SavedState) => unknown>> = {
    "another chain": (saved) => ({ ...saved, parts: [{ name: "sgd", version: 1 }] }),
    "an older version of a part": (saved) => ({ ...saved, parts: [{ name: "adam", version: 0 }] }),
    "another format": (saved) => ({ ...saved, format: 2 }),
    "a missing and an extra entry": (saved) => ({
      ...saved,
      specs: saved.specs.map((spec, i) => (i === 0 ? { ...spec, path: "rule/m/other/kernel" } : spec)),
    }),
    "another shape": (saved) => ({
      ...saved,
      specs: saved.specs.map((spec, i) => (i === 0 ? { ...spec, shape: [8, 3] } : spec)),
    }),
    "bytes missing": (saved) => ({ ...saved, data: saved.data.slice(4) }),
    "a tree that points nowhere": (saved) => ({ ...saved, tree: { hooks: {}, rule: { m: { $tensor: 99 } } } }),
    "no checkpoint at all": () => ({ hello: 1 }),
  };
  for (const [what, spoil] of Object.entries(spoiled)) {
    it(what, async () => {
      const { optimizer, saved, free } = await setup();
      const [step, before] = [optimizer.step, tf.memory().numTensors];
      const state = JSON.stringify(await saveState(optimizer));
      let message = "";
      try {
        loadState(optimizer, spoil(saved) as SavedState);
      } catch (error) {
        expect(error).toBeInstanceOf(StateError);
        message = (error as Error).message;
      }
      expect({ [what]: message }).toMatchSnapshot();
      expect(message).not.toBe("");
      expect(optimizer.step).toBe(step);
      expect(tf.memory().numTensors).toBe(before);
      expect(JSON.stringify(await saveState(optimizer))).toBe(state);
      free();
    });
  }
});

describe("model.save with includeOptimizer", () => {
  it("saves the state with the model; loaded and compiled again, fit goes on bit-identically", async () => {
    const { x, y } = task();
    const fit = (model: tfl.LayersModel): Promise<unknown> =>
      model.fit(x, y, { epochs: 2, batchSize: 8, shuffle: false, verbose: 0 });
    const compiled = (model: tfl.LayersModel): HookedOptimizer => {
      const optimizer = new HookedOptimizer({
        params: namedParams(model),
        hooks: [ema()],
        rule: adam(),
        learningRate: 0.05,
      });
      model.compile({ optimizer, loss: "meanSquaredError" });
      return optimizer;
    };
    const model = net();
    compiled(model);
    await fit(model);
    let artifacts: tf.io.ModelArtifacts | undefined;
    const keep = tf.io.withSaveHandler(async (given) => {
      artifacts = given;
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } };
    });
    await model.save(keep, { includeOptimizer: true });
    const before = tf.memory().numTensors;
    await model.save(keep, { includeOptimizer: true });
    // Stock optimizers leave one tensor at each save (tfjs #8238).
    expect(tf.memory().numTensors).toBe(before);

    registerHookedOptimizer();
    const loaded = await tfl.loadLayersModel(tf.io.fromMemory(artifacts as tf.io.ModelArtifacts));
    const stored = loaded.optimizer;
    await expect(fit(loaded)).rejects.toThrowErrorMatchingInlineSnapshot(`
      [RecipeError: This model was saved with a HookedOptimizer ({"hooks":["ema"],"rule":"adam","learningRate":0.05,"customObjects":{}}), and hooks are code: the file does not hold them.
        Build the optimizer again over namedParams(model), call await optimizer.setWeights(await model.optimizer.getWeights()), then compile.]
    `);
    const optimizer = compiled(loaded);
    await optimizer.setWeights(await stored.getWeights());
    expect(optimizer.step).toBe(8);
    await Promise.all([fit(model), fit(loaded)]);
    expect(bits(loaded)).toEqual(bits(model));
    tf.dispose([x, y]);
  });

  it("before the first step there is nothing to save, and foreign weights are refused", async () => {
    const optimizer = make(net());
    expect(await optimizer.getWeights()).toEqual([]);
    await optimizer.setWeights([]);
    await expect(
      optimizer.setWeights([{ name: "iter", tensor: tf.scalar(1) }]),
    ).rejects.toThrowErrorMatchingInlineSnapshot(`
      [StateError: The first weight is \`iter\`; \`graft/state.json\` was expected.
        These are not a HookedOptimizer's weights. Pass the result of its getWeights().]
    `);
    optimizer.dispose();
  });
});

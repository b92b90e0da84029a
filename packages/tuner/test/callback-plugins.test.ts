import "@tensorflow/tfjs-backend-cpu";
import { type AnyRule, adam, type Callback, type CallbackRun, OptionsError, sgd } from "@graftjs/core";
import { scheduleFreeAdamw, scheduleFreeSgd } from "@graftjs/transforms";
import * as tf from "@tensorflow/tfjs-core";
import { beforeEach, describe, expect, it } from "vitest";
import {
  applyDelta,
  earlyStopping,
  emaWeights,
  type FineTuneOptions,
  fineTune,
  planFineTune,
  plugins,
  reduceOnPlateau,
  saveDelta,
} from "../src/index.ts";
import { mlp } from "./nets.ts";
import { distance, examples, mapStore, weightsOf } from "./support.ts";

beforeEach(() => tf.setBackend("cpu"));

const options = (more: Partial<FineTuneOptions> = {}): FineTuneOptions => ({
  data: examples([4]),
  validation: examples([4], 6),
  loss: "categoricalCrossentropy",
  trainable: ["middle", "head"],
  rule: adam(),
  learningRate: 0.05,
  epochs: 4,
  batchSize: 8,
  ...more,
});

async function tuned(more: Partial<FineTuneOptions>) {
  const model = mlp();
  const result = await fineTune(model, options(more));
  result.restore();
  return { ...result, weights: weightsOf(model) };
}

/** A callback as a third party writes one: a class with state, which scales the rate, pulls the weights back and stops. */
class PullBack implements Callback {
  readonly name = "pull-back";
  #run: CallbackRun | undefined;
  #start: ReadonlyMap<string, Float32Array> = new Map();
  #steps = 0;
  disposed = 0;

  async runStart(run: CallbackRun): Promise<void> {
    this.#run = run;
    this.#start = await run.readWeights();
    this.#steps = 0;
  }
  stepEnd(): void {
    this.#steps++;
  }
  async epochEnd(epoch: number, logs: Readonly<Record<string, number>>): Promise<"stop" | undefined> {
    const run = this.#run as CallbackRun;
    expect(logs).toHaveProperty("val_loss");
    const now = await run.readWeights();
    const share = 1 / (1 + this.#steps);
    run.writeWeights(
      new Map(
        [...now].map(([name, values]) => [
          name,
          values.map((v, i) => v + share * ((this.#start.get(name)?.[i] ?? v) - v)),
        ]),
      ),
    );
    if (epoch === 0) run.scaleRate(0.5);
    return epoch === 2 ? "stop" : undefined;
  }
  async save() {
    return { json: { steps: this.#steps }, tensors: this.#start };
  }
  load({ json, tensors }: { json: unknown; tensors: ReadonlyMap<string, Float32Array | Uint8Array> }): void {
    this.#steps = (json as { steps: number }).steps;
    this.#start = tensors as ReadonlyMap<string, Float32Array>;
  }
  dispose(): void {
    this.disposed++;
  }
}

describe("a third party's callback", () => {
  it("keeps state, scales the rate, writes weights and ends the run under its name", async () => {
    const rates = new Set<number>();
    const observers = [{ stepEnd: ({ learningRate }: { learningRate: number }) => void rates.add(learningRate) }];
    const callback = new PullBack();
    const run = await tuned({ callbacks: [callback], observers });
    expect(run.stopped).toBe("pull-back");
    expect(run.history.loss).toHaveLength(3);
    expect([...rates]).toEqual([0.05, 0.025]);
    expect(callback.disposed).toBe(1);
    expect(run.weights).not.toEqual((await tuned({ epochs: 3 })).weights);
  });

  it("resumes bit for bit from every step, beside the callbacks of the options", async () => {
    const shared = { ema: { decay: 0.9 }, reduceOnPlateau: { patience: 1, minDelta: 1 } };
    const expected = await tuned({ ...shared, callbacks: [new PullBack()] });
    for (let stopAt = 1; stopAt < 9; stopAt++) {
      const checkpoint = { to: mapStore(), everySteps: 1, resume: true };
      await tuned({ ...shared, callbacks: [new PullBack()], checkpoint, maxSteps: stopAt });
      const resumed = await tuned({ ...shared, callbacks: [new PullBack()], checkpoint });
      expect(resumed.weights).toEqual(expected.weights);
      expect(resumed.history).toEqual(expected.history);
      expect(resumed.stopped).toBe("pull-back");
    }
  });

  it("stays ended: a run that a callback ended takes no step after a resume", async () => {
    const checkpoint = { to: mapStore(), resume: true };
    const first = await tuned({ callbacks: [new PullBack()], checkpoint });
    const again = await tuned({ callbacks: [new PullBack()], checkpoint, epochs: 9 });
    expect(again.steps).toBe(first.steps);
    expect(again.weights).toEqual(first.weights);
  });

  it("is part of the run: a resume without it, or with another one, is refused", async () => {
    const checkpoint = { to: mapStore(), resume: true };
    await tuned({ callbacks: [new PullBack()], checkpoint });
    await expect(tuned({ checkpoint })).rejects.toThrow(/callbacks/);
  });

  it("goes back together with the weights if it is stepwise", async () => {
    let seen = 0;
    const counts: number[] = [];
    const counter: Callback = {
      name: "counter",
      stepwise: true,
      runStart() {
        seen = 0;
      },
      stepEnd: () => void counts.push(++seen),
      save: async () => ({ json: seen, tensors: new Map() }),
      load({ json }) {
        seen = json as number;
      },
    };
    const { xs, ys } = examples([4], 40);
    const values = xs.dataSync().slice();
    values.fill(Number.NaN, 16 * 4, 17 * 4);
    const data = { xs: tf.tensor2d(values, [40, 4]), ys };
    const guard = { policy: "rollback" } as const;
    await tuned({ data, callbacks: [counter], guard, epochs: 1, shuffle: false, rule: sgd() });
    expect(counts).toEqual([1, 2, 1, 2]);
  });
});

describe("the callbacks of this package", () => {
  it("give the same run as functions, as options and as plugins", async () => {
    const stop = { patience: 2, minDelta: 0.01 };
    const plateau = { patience: 1, minDelta: 0.5 };
    const create = (name: string, given: object) =>
      plugins.find((plugin) => plugin.kind === "callback" && plugin.name === name)?.create(given) as Callback;
    const short = await tuned({ earlyStopping: stop, reduceOnPlateau: plateau, ema: { decay: 0.9 } });
    const long = [reduceOnPlateau(plateau), emaWeights({ decay: 0.9 }), earlyStopping(stop)];
    const built = [
      create("reduce-on-plateau", plateau),
      create("ema-weights", { decay: 0.9 }),
      create("early-stopping", stop),
    ];
    for (const callbacks of [long, built]) {
      const run = await tuned({ callbacks });
      expect(run.weights).toEqual(short.weights);
      expect(run.history).toEqual(short.history);
    }
  });

  it("can be used for several runs in turn", async () => {
    const callbacks = [emaWeights({ decay: 0.5 }), earlyStopping({ patience: 1 })];
    const [first, second] = [await tuned({ callbacks }), await tuned({ callbacks })];
    expect(second.history).toEqual(first.history);
    expect(second.weights).toEqual(first.weights);
  });

  it("leave no tensor behind, also in a plan", async () => {
    const start = tf.memory().numTensors;
    const given = options();
    const before = tf.memory().numTensors;
    const model = mlp();
    const withModel = tf.memory().numTensors;
    const run = { ...given, callbacks: [emaWeights(), earlyStopping()] };
    (await fineTune(model, run)).restore();
    await planFineTune(model, run);
    expect(tf.memory().numTensors).toBe(withModel);
    expect(before - start).toBeGreaterThan(0);
  });

  it("refuses names that a checkpoint could not tell apart, and a monitor that the run does not have", async () => {
    const refused = async (more: Partial<FineTuneOptions>, message: RegExp) => {
      await expect(tuned(more)).rejects.toThrow(message);
      await expect(tuned(more)).rejects.toThrow(OptionsError);
    };
    await refused({ earlyStopping: {}, callbacks: [earlyStopping()] }, /Two callbacks have the name `earlyStopping`/);
    await refused({ callbacks: [{ name: "guard" }] }, /name "guard"/);
    await refused({ callbacks: [{ name: "a/b" }] }, /name "a\/b"/);
    await refused({ callbacks: [{ name: "mine", monitor: "f1" }] }, /mine watches `f1`/);
    const wild: Callback = { name: "wild", runStart: (run) => run.scaleRate(Number.NaN) };
    await refused({ callbacks: [wild] }, /`wild` scales the learning rate by NaN/);
    expect(() => earlyStopping({ patience: 0 })).toThrow(/patience/);
  });
});

describe("a rule with evaluation weights", () => {
  const rule: AnyRule = scheduleFreeSgd();
  const run = async (more: Partial<FineTuneOptions>) => {
    const model = mlp();
    const result = await fineTune(model, options({ rule, trainable: "all", learningRate: 0.5, ...more }));
    result.restore();
    return { model, result, weights: weightsOf(model), history: result.history };
  };

  it("is validated with them, and leaves them in the model and in the delta", async () => {
    const { model, result, history } = await run({ epochs: 3 });
    // The trained weights of epoch e are not touched by the validation before it, so a shorter run has the same losses.
    for (const epochs of [1, 2, 3]) {
      const { model } = await run({ epochs });
      const { xs, ys } = examples([4], 6);
      const loss = tf.neg(tf.mean(tf.sum(tf.mul(ys, tf.log(model.predict(xs) as tf.Tensor)), 1))).dataSync()[0];
      expect(loss, `${epochs}`).toBeCloseTo(history.val_loss?.[epochs - 1] as number, 5);
    }
    const fresh = mlp();
    applyDelta(fresh, await saveDelta(model, result));
    expect(weightsOf(fresh)).toEqual(weightsOf(model));
    // After one step, the average is the point of plain gradient descent.
    const once = { epochs: 1, batchSize: 20 };
    const plain = await run({ ...once, rule: sgd() });
    expect(distance((await run(once)).weights, plain.weights)).toBeLessThan(1e-6);
    expect(distance((await run({ ...once, epochs: 2 })).weights, plain.weights)).toBeGreaterThan(1e-3);
  });

  it("stops early at the evaluation weights of the best epoch", async () => {
    const rising = (step: number): number => (step < 6 ? 0.3 : 30);
    const stopped = await run({ learningRate: rising, epochs: 20, earlyStopping: { patience: 2 } });
    expect(stopped.result.stopped).toBe("earlyStopping");
    const losses = stopped.history.val_loss as number[];
    const best = losses.indexOf(Math.min(...losses));
    expect(losses.length).toBe(best + 3);
    expect((await run({ learningRate: rising, epochs: best + 1 })).weights).toEqual(stopped.weights);
  });

  it("resumes bit for bit from every step, and from the end of a shorter run, with a late parameter and Adam", async () => {
    const given: Partial<FineTuneOptions> = {
      ...{ rule: scheduleFreeAdamw(), learningRate: 0.05, epochs: 3, trainable: "head" },
      unfreeze: [{ epoch: 1, trainable: "middle" }],
    };
    const whole = await run(given);
    for (const change of [{ maxSteps: 1 }, { maxSteps: 4 }, { maxSteps: 8 }, { epochs: 2 }]) {
      const checkpoint = { to: mapStore(), everySteps: 1, resume: true };
      await run({ ...given, checkpoint, ...change });
      const resumed = await run({ ...given, checkpoint });
      expect(resumed.weights).toEqual(whole.weights);
      expect(resumed.history).toEqual(whole.history);
    }
  });

  it("is refused beside a moving average of the weights", async () => {
    await expect(run({ ema: {} })).rejects.toThrow(/`schedule-free-sgd` averages the weights itself/);
    await expect(run({ callbacks: [emaWeights()] })).rejects.toThrow(/Leave `ema` out/);
  });
});

import "@tensorflow/tfjs-backend-cpu";
import { adam, sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { decode, encode } from "../src/checkpoint/checkpoint.ts";
import { applyDelta, createRunControl, type FineTuneOptions, fineTune, flip, saveDelta, shift } from "../src/index.ts";
import { seeded } from "../src/random/random.ts";
import { convNet, mlp } from "./nets.ts";
import { examples, mapStore, weightsOf } from "./support.ts";

beforeEach(() => tf.setBackend("cpu"));

/** Options with a freeze schedule, accumulation, augmentation, dropout and every callback. */
function options(more: Partial<FineTuneOptions>): FineTuneOptions {
  return {
    data: examples([8, 8, 2], 9),
    validation: examples([8, 8, 2], 6),
    loss: "categoricalCrossentropy",
    trainable: "head",
    unfreeze: [{ epoch: 1, trainable: "conv_1" }],
    rule: adam(),
    learningRate: (step) => 0.05 / (1 + step),
    epochs: 3,
    batchSize: 2,
    accumulate: 2,
    augment: [flip(), shift({ by: 1 })],
    metrics: ["accuracy"],
    ema: { decay: 0.9 },
    earlyStopping: { patience: 5 },
    reduceOnPlateau: { patience: 1, minDelta: 1 },
    ...more,
  };
}

describe("resume", () => {
  it("ends bit-identical to an uninterrupted run, from every step", async () => {
    const whole = convNet({ dropoutRate: 0.3 });
    const expected = await fineTune(whole, options({}));
    expected.restore();
    expect(expected.steps).toBe(9);
    for (let stopAt = 1; stopAt < 9; stopAt++) {
      const store = mapStore();
      const checkpoint = { to: store, everySteps: 1, resume: true, recipe: { name: "test" } };
      const first = await fineTune(convNet({ dropoutRate: 0.3 }), options({ checkpoint, maxSteps: stopAt }));
      first.restore();
      const model = convNet({ dropoutRate: 0.3 });
      const second = await fineTune(model, options({ checkpoint }));
      second.restore();
      expect(weightsOf(model)).toEqual(weightsOf(whole));
      expect(second.history).toEqual(expected.history);
    }
  });

  it("is also exact with a guard, whose mean, snapshot and count of bad steps are restored", async () => {
    const rows = Array.from({ length: 24 }, (_, i) => Array.from({ length: 4 }, (_, k) => Math.sin(4 * i + k)));
    const labels = rows.map((_, i) => [1, i % 3, 0]);
    const spoilt = rows.map((row) => [...row]);
    const jumping = labels.map((row, i) => (i === 12 ? [300, 0, 0] : row));
    for (const i of [8, 9, 18]) spoilt[i] = [Number.NaN, 1, 1, 1];
    const guards = {
      spike: [rows, jumping, { policy: "skip", spike: 5 }],
      skip: [spoilt, labels, { policy: "skip", patience: 2 }],
      rollback: [spoilt, labels, { policy: "rollback", snapshotEvery: 3 }],
    } as const;
    for (const [name, [xs, ys, guard]] of Object.entries(guards)) {
      const given = (more: Partial<FineTuneOptions>): FineTuneOptions => ({
        data: { xs, ys },
        loss: "meanSquaredError",
        trainable: "**",
        rule: adam(),
        learningRate: 0.01,
        epochs: 2,
        batchSize: 2,
        shuffle: false,
        ema: { decay: 0.5 },
        guard,
        ...more,
      });
      const whole = mlp();
      const expected = await fineTune(whole, given({}));
      expected.restore();
      expect(expected.warnings.length, name).toBeGreaterThan(1);
      for (let stopAt = 1; stopAt < expected.steps; stopAt++) {
        const checkpoint = { to: mapStore(), everySteps: 1, resume: true };
        const first = await fineTune(mlp(), given({ checkpoint, maxSteps: stopAt }));
        first.restore();
        const model = mlp();
        const second = await fineTune(model, given({ checkpoint }));
        second.restore();
        expect(weightsOf(model), `${name}, stopped at ${stopAt}`).toEqual(weightsOf(whole));
        expect([...first.warnings, ...second.warnings]).toEqual(expected.warnings);
      }
    }
  });

  it("skips damaged checkpoints: every flipped bit and truncation is detected", async () => {
    const files = new Map<string, Uint8Array>();
    const checkpoint = { to: mapStore(files), resume: true, keep: 2 };
    (await fineTune(convNet(), options({ checkpoint, epochs: 2 }))).restore();
    const [, newer] = [...files.keys()].sort() as [string, string];
    const good = files.get(newer) as Uint8Array;
    const random = seeded("damage");
    for (let i = 0; i < 300; i++) {
      const flipped = good.slice();
      const at = Math.floor(random() * good.length);
      flipped[at] = (flipped[at] as number) ^ (1 << Math.floor(random() * 8));
      await expect(decode(flipped)).rejects.toThrow(/damaged/);
      await expect(decode(good.slice(0, Math.floor(random() * good.length)))).rejects.toThrow(/damaged/);
    }
    files.set(newer, good.slice(0, 1000));
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const model = convNet();
    const resumed = await fineTune(model, options({ checkpoint }));
    resumed.restore();
    expect(resumed.warnings.join()).toContain("damaged");
    expect([...files.keys()].sort()).toEqual([newer, "step-0000000009.graft"]);
    warn.mockRestore();
    const whole = convNet();
    (await fineTune(whole, options({}))).restore();
    expect(weightsOf(model)).toEqual(weightsOf(whole));
  });

  it("refuses the checkpoint of another run and names the differences", async () => {
    const checkpoint = { to: mapStore(), resume: true };
    (await fineTune(convNet(), options({ checkpoint, epochs: 1 }))).restore();
    const model = convNet();
    const before = weightsOf(model);
    await expect(fineTune(model, options({ checkpoint, seed: 1, rule: sgd() }))).rejects.toThrow(
      /rule: was "adam", is "sgd"[\s\S]*seed/,
    );
    const other = convNet();
    other.layers[1]?.setWeights([tf.ones([3, 3, 2, 4]), tf.zeros([4])]);
    await expect(fineTune(other, options({ checkpoint }))).rejects.toThrow(/base: was/);
    expect(weightsOf(model)).toEqual(before);
  });

  it("refuses every changed option that would make it another run, and accepts the others", async () => {
    const given = (more: Partial<FineTuneOptions>): FineTuneOptions => ({
      data: examples([8, 8, 2], 9),
      validation: examples([8, 8, 2], 6),
      loss: "categoricalCrossentropy",
      trainable: "head/kernel",
      unfreeze: [{ epoch: 1, trainable: "head/bias" }],
      rule: sgd(),
      learningRate: 0.1,
      epochs: 2,
      batchSize: 3,
      augment: [flip(), shift({ by: 1 })],
      rateMultipliers: [{ params: "head/bias", factor: 2 }],
      weightNoise: { deviation: 0.01, on: "head/kernel" },
      ...more,
    });
    const files = new Map<string, Uint8Array>();
    const checkpoint = { to: mapStore(files), resume: true };
    (await fineTune(convNet(), given({ checkpoint, maxSteps: 2 }))).restore();
    const before = new Map(files);
    const { xs, ys } = examples([8, 8, 2], 9);
    const falling = (step: number): number => 0.1 / (1 + step);
    const changes: readonly (readonly [Partial<FineTuneOptions>, RegExp])[] = [
      [{ learningRate: 7 }, /learningRate: was 0.1, is 7/],
      [{ learningRate: falling }, /learningRate: was 0.1, is \[0.1,0.05,/],
      [{ rateMultipliers: [{ params: "head/kernel", factor: 2 }] }, /rateMultipliers: was/],
      [{ loss: "meanSquaredError" }, /loss: had `categoricalCrossentropy`, has `meanSquaredError`/],
      [
        { trainable: "head/bias", unfreeze: [{ epoch: 1, trainable: "head/kernel" }] },
        /phases.0: had `head\/kernel`, has `head\/bias`/,
      ],
      [{ unfreeze: [{ epoch: 2, trainable: "head/bias" }] }, /phases.1: was .*, is absent/],
      [{ data: { xs: tf.zeros([9, 8, 8, 2]), ys } }, /data: was/],
      [{ data: { xs: tf.reverse(xs, 0), ys } }, /data: was/],
      [{ data: { xs, ys: tf.reverse(ys, 0) } }, /data: was/],
      [{ validation: examples([8, 8, 2], 7) }, /validation.examples: was 6, is 7/],
      [{ metrics: ["accuracy"] }, /metrics: was \[\], is \["acc/],
      [{ ema: {} }, /ema: was absent, is \{"decay":0.999\}/],
      [{ earlyStopping: { patience: 2 } }, /earlyStopping: was absent/],
      [{ reduceOnPlateau: {} }, /reduceOnPlateau: was absent/],
      [{ augment: [flip({ probability: 0.9 }), shift({ by: 1 })] }, /augment: .*0.5.*0.9/],
      [{ augment: [flip(), shift({ by: 1, fill: 1 })] }, /augment: was/],
      [{ weightNoise: { deviation: 0.01 } }, /weightNoise.on: has `head\/bias`/],
      [{ cache: { precision: "float16" } }, /cachePrecision: was "float32", is "float16"/],
    ];
    for (const [change, message] of changes) {
      const model = convNet();
      const initial = weightsOf(model);
      const run = fineTune(model, given({ checkpoint, ...change }));
      await expect(run, JSON.stringify(Object.keys(change))).rejects.toThrow(message);
      await expect(run).rejects.toThrow(/is of another run, in [12] place/);
      expect(weightsOf(model)).toEqual(initial);
      expect(files).toEqual(before);
    }
    const free: Partial<FineTuneOptions> = {
      epochs: 3,
      maxSteps: 5,
      observers: [{ runEnd() {} }],
      prefetch: 0,
      statsEvery: 3,
      cache: { store: mapStore() },
      guard: { policy: "rollback", snapshotEvery: 1 },
    };
    const resumed = await fineTune(
      convNet(),
      given({ checkpoint: { ...checkpoint, keep: 5, everySteps: 1 }, ...free }),
    );
    resumed.restore();
    expect(resumed.steps).toBe(5);
  });

  it("gives a delta for the original base, on the stopped model object and on a fresh one", async () => {
    const given = (more: Partial<FineTuneOptions>) => options({ trainable: "**", unfreeze: [], ...more });
    for (const same of [true, false]) {
      const checkpoint = { to: mapStore(), resume: true };
      const model = convNet();
      (await fineTune(model, given({ checkpoint, maxSteps: 4 }))).restore();
      const second = same ? model : convNet();
      const result = await fineTune(second, given({ checkpoint }));
      result.restore();
      expect(result.warnings).toEqual([]);
      const delta = await saveDelta(second, result);
      const fresh = convNet();
      applyDelta(fresh, delta);
      expect(weightsOf(fresh)).toEqual(weightsOf(second));
    }
  });

  it("refuses another base if everything is trained, and names layers whose initial weights differ", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const checkpoint = { to: mapStore(), resume: true };
    const given = (more: Partial<FineTuneOptions>) => options({ trainable: "**", unfreeze: [], checkpoint, ...more });
    (await fineTune(convNet(), given({ maxSteps: 4 }))).restore();
    const other = convNet();
    other.setWeights(other.getWeights().map((weight) => tf.add(weight, 1)));
    const before = weightsOf(other);
    await expect(fineTune(other, given({}))).rejects.toThrow(/another base: every weight[\s\S]*before that run/);
    expect(weightsOf(other)).toEqual(before);
    const redrawn = convNet();
    redrawn.getLayer("head").setWeights([tf.ones([6, 3]), tf.zeros([3])]);
    const result = await fineTune(redrawn, given({}));
    result.restore();
    expect(result.warnings).toEqual([expect.stringMatching(/^1 weight\(s\), `head\/kernel` first, differ from/)]);
    const whole = convNet();
    (await fineTune(whole, options({ trainable: "**", unfreeze: [] }))).restore();
    expect(weightsOf(redrawn)).toEqual(weightsOf(whole));
    warn.mockRestore();
  });

  it("refuses a checkpoint of an older format", async () => {
    const files = new Map<string, Uint8Array>();
    const checkpoint = { to: mapStore(files), resume: true };
    (await fineTune(convNet(), options({ checkpoint, epochs: 1 }))).restore();
    const [name, bytes] = [...files][0] as [string, Uint8Array];
    const { json, arrays } = await decode(bytes);
    files.set(name, await encode({ json: { ...(json as object), format: 1 }, arrays }));
    await expect(fineTune(convNet(), options({ checkpoint }))).rejects.toThrow(/of format 1, and .* reads format 3/);
  });

  it("continues with a warning if a checkpoint cannot be written", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const full = {
      ...mapStore(),
      where: "/full",
      write: () => Promise.reject(new Error("ENOSPC: no space left on device")),
    };
    const result = await fineTune(convNet(), options({ checkpoint: { to: full } }));
    result.restore();
    expect(result.history.loss).toHaveLength(3);
    expect(result.warnings[0]).toContain("ENOSPC");
    warn.mockRestore();
  });

  it("stops and pauses on request, and rejects after an abort with patches removed and nothing leaked", async () => {
    const control = createRunControl();
    const seen: number[] = [];
    const observer = {
      stepEnd: ({ step }: { step: number }) => {
        seen.push(step);
        if (step === 2) {
          control.pause();
          setTimeout(() => control.resume(), 20);
        }
        if (step === 4) control.stop();
      },
    };
    const start = tf.memory().numTensors;
    const run = options({ control, observers: [observer] });
    const result = await fineTune(convNet(), run);
    result.restore();
    expect(seen).toEqual([1, 2, 3, 4]);
    expect(result.stopped).toBe("stopped");
    const aborter = new AbortController();
    const model = convNet();
    const loaded = tf.memory().numTensors;
    const aborting = { stepEnd: () => aborter.abort() };
    await expect(
      fineTune(model, { ...run, control: createRunControl(), signal: aborter.signal, observers: [aborting] }),
    ).rejects.toThrow(/abort/i);
    expect(tf.memory().numTensors).toBe(loaded);
    expect(start).toBeLessThan(loaded);
  });
});

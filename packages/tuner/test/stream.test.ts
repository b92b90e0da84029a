import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import * as tfData from "@tensorflow/tfjs-data";
import * as layers from "@tensorflow/tfjs-layers";
import { beforeEach, describe, expect, it } from "vitest";
import { DataError, type Element, type FineTuneOptions, fineTune, flip, shift } from "../src/index.ts";
import { bufferedOrder } from "../src/pipeline/order/buffered-order.ts";
import { epochOrder } from "../src/pipeline/order/epoch-order.ts";
import { rankShard } from "../src/pipeline/order/shards.ts";
import type { Collective } from "../src/parallel/collective.ts";
import { convNet, mlp } from "./nets.ts";
import { N, options, reader, tuned } from "./stream-runs.ts";
import { examples, mapStore, weightsOf } from "./support.ts";

beforeEach(() => tf.setBackend("cpu"));

describe("the order of a shuffle buffer", () => {
  it("yields every example once and never too early, and equals the in-memory order if the buffer holds all", () => {
    for (const buffer of [1, 2, 7, 99, 100, 1000]) {
      const order = bufferedOrder(3, 1, 100, buffer);
      expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
      order.forEach((position, turn) => {
        expect(position).toBeLessThan(turn + buffer);
      });
      expect(bufferedOrder(3, 1, 100, buffer)).toEqual(order);
      if (buffer > 1) expect(bufferedOrder(3, 2, 100, buffer)).not.toEqual(order);
    }
    expect(bufferedOrder(3, 1, 100, 100)).toEqual(epochOrder(3, 1, 100));
    expect([...bufferedOrder(3, 1, 100, 1)]).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });

  it("is shared among ranks: the same batches for every number of ranks, each example once, each rank on its own examples", () => {
    /** The examples of each batch of an epoch, by rank. */
    const batches = (n: number, size: number, ranks: number, epoch: number, buffer?: number): number[][][] => {
      const open = () => ({ take: async () => ({ inputs: [], labels: [] }), close: async () => {} });
      return Array.from({ length: ranks }, (_, rank) => {
        const shard = rankShard({ size: n, buffer, open }, size, { rank, size: ranks } as Collective, "data");
        const order = shard.order(3, epoch, true);
        expect(order).toHaveLength(shard.source.size);
        return Array.from({ length: Math.ceil(n / size) }, (_, k) => [
          ...shard.globalOf(order.slice(...shard.batch(k * size))),
        ]);
      });
    };
    const together = (byRank: number[][][]): string[] =>
      (byRank[0] ?? []).map((_, k) => String(byRank.flatMap((own) => own[k] ?? []).sort((a, b) => a - b)));
    for (const [n, size] of [
      [1, 4],
      [7, 8],
      [24, 8],
      [61, 8],
      [100, 7],
      [65, 64],
    ] as const) {
      for (const buffer of [undefined, 16]) {
        const one = together(batches(n, size, 1, 0, buffer));
        const all = one
          .join()
          .split(",")
          .map(Number)
          .sort((a, b) => a - b);
        expect(all).toEqual(Array.from({ length: n }, (_, i) => i));
        for (const ranks of [2, 3, 4, 7].filter((ranks) => ranks <= Math.min(n, size))) {
          const [first, second] = [0, 1].map((epoch) => batches(n, size, ranks, epoch, buffer)) as [
            number[][][],
            number[][][],
          ];
          expect(together(first)).toEqual(one);
          const owned = (own: number[][]): string => String(own.flat().sort((a, b) => a - b));
          expect(second.map(owned)).toEqual(first.map(owned));
          // A full batch is shared equally, up to one example.
          for (const k of Array.from({ length: Math.floor(n / size) }, (_, i) => i)) {
            const sizes = first.map((own) => own[k]?.length ?? 0);
            expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
          }
        }
      }
    }
    expect(() => batches(3, 8, 4, 0)).toThrow(/4 ranks share 3 example\(s\)/);
  });
});

describe("a stream", () => {
  it("gives the same run as examples in memory if the buffer holds all, cached or not, and leaks nothing", async () => {
    const given = examples([4], N);
    const expected = await tuned(mlp(), { data: given, validation: given });
    for (const each of [0, 3, 20]) {
      for (const cache of ["memory", false] as const) {
        const { read, log } = reader(given, each);
        const model = mlp();
        const before = tf.memory().numTensors;
        const data = { stream: read, buffer: N };
        expect(await tuned(model, { data, validation: { stream: read, examples: N }, cache })).toEqual(expected);
        expect(tf.memory().numTensors).toBe(before);
        // Training data are read once to count them, and then once for the cache or once per epoch. Validation data are not counted.
        expect(log).toMatchObject(cache === false ? { opened: 7, closed: 7 } : { opened: 3, closed: 3 });
      }
    }
    const dataset = tfData.array((await given.xs.array()) as number[][]).mapAsync(async (x) => ({ xs: tf.tensor(x) }));
    const zipped = tfData.zip({ x: dataset, y: tfData.array((await given.ys.array()) as number[][]) });
    const set = zipped.mapAsync(async (pair) => {
      const { x, y } = pair as unknown as { x: { xs: tf.Tensor }; y: number[] };
      return { xs: x.xs, ys: tf.tensor(y) };
    });
    expect(await tuned(mlp(), { data: { stream: set }, validation: given, cache: false })).toEqual(expected);
  });

  it("gives the same run cached and uncached with a small buffer, and a different run with another buffer", async () => {
    const given = examples([4], N);
    const run = (buffer: number, more: Partial<FineTuneOptions> = {}) =>
      tuned(mlp(), { data: { stream: reader(given, 0).read, examples: N, buffer }, ...more });
    const expected = await run(5);
    expect(await run(5, { cache: false })).toEqual(expected);
    const store = mapStore();
    expect(await run(5, { cache: { store } })).toEqual(expected);
    expect(await run(5, { cache: { store } })).toEqual(expected);
    expect((await store.list()).map((name) => name.replace(/-[0-9a-f]{32}/, ""))).toEqual([
      "features-train-0.graft",
      "features-train-whole.graft",
    ]);
    expect((await run(6)).weights).not.toEqual(expected.weights);
  });

  it("keeps cached outputs in files of 64 rows and reads a file when its rows are needed", async () => {
    const size = 200;
    const given = examples([4], size);
    function* read(): Generator<Element> {
      for (let at = 0; at < size; at += 7) {
        const part = (t: tf.Tensor): tf.Tensor => tf.slice(t, at, Math.min(7, size - at));
        yield { xs: part(given.xs), ys: part(given.ys) };
      }
    }
    const data = { stream: read, examples: size, buffer: 16 };
    const more = { data, batchSize: 10, accumulate: 1, epochs: 2 };
    const expected = await tuned(mlp(), { ...more, cache: false });
    const files = new Map<string, Uint8Array>();
    let reads = 0;
    const plain = mapStore(files);
    const store = { ...plain, read: (name: string) => plain.read(name).finally(() => reads++) };
    const model = mlp();
    const before = tf.memory().numTensors;
    expect(await tuned(model, { ...more, cache: { store } })).toEqual(expected);
    expect(tf.memory().numTensors).toBe(before);
    expect(files.size).toBe(5);
    // One read checks for the marker of a complete cache, then each file is read once, since five blocks fit into memory here.
    expect(reads).toBe(5);
    expect(await tuned(mlp(), { ...more, cache: { store } })).toEqual(expected);
    const first = [...files.keys()].find((name) => name.endsWith("-0.graft")) as string;
    files.set(first, (files.get(first) as Uint8Array).slice(0, 100));
    await expect(fineTune(mlp(), options({ ...more, cache: { store } }))).rejects.toThrow(
      /missing or damaged[\s\S]*computes them again/,
    );
    // With two views of 40 examples, the rows of the second view begin in the middle of a file.
    const images = examples([8, 8, 2], 40);
    const twice = {
      data: { stream: [images], buffer: 8 },
      batchSize: 10,
      accumulate: 1,
      epochs: 3,
      augment: [shift({ by: 1 })],
      views: 2,
    };
    const two = mapStore();
    expect(await tuned(convNet(), { ...twice, cache: { store: two } })).toEqual(await tuned(convNet(), twice));
    expect(await two.list()).toHaveLength(3);
  });

  it("reads no further ahead than the buffer and the prefetched batches", async () => {
    const { read, log } = reader(examples([4], N), 0);
    const ahead: number[] = [];
    const observers = [
      {
        async stepEnd({ examples, epoch }: { examples: number; epoch: number }) {
          // Wait until it has read as far as it can, so that the result does not depend on how long the step took.
          await new Promise((resolve) => setTimeout(resolve, 50));
          if (epoch === 0) ahead.push(log.read - examples);
        },
      },
    ];
    const more = { epochs: 1, batchSize: 2, accumulate: 1, observers, cache: false as const };
    await tuned(mlp(), { ...more, data: { stream: read, examples: N, buffer: 4 }, prefetch: 2 });
    expect(ahead).toHaveLength(10);
    expect(Math.max(...ahead)).toBeLessThanOrEqual(4 + 2 * 2);
    expect(Math.max(...ahead.slice(0, 5))).toBeGreaterThanOrEqual(4);
  });

  it("resumes bit-identical from every step, with a freeze schedule, accumulation, augmentation and dropout", async () => {
    const given = examples([8, 8, 2], 9);
    const read = () =>
      Array.from({ length: 9 }, (_, i) => ({
        xs: { values: given.xs.dataSync().slice(i * 128, (i + 1) * 128) as Float32Array, shape: [8, 8, 2] },
        ys: { values: given.ys.dataSync().slice(i * 3, (i + 1) * 3) as Int32Array, shape: [3] },
      }));
    const run = async (more: Partial<FineTuneOptions> = {}) => {
      const model = convNet({ dropoutRate: 0.3 });
      const stream = { stream: read, examples: 9, buffer: 3 };
      const augment = [flip(), shift({ by: 1 })];
      const unfreeze = [{ epoch: 1, trainable: "conv_1" }];
      const result = await fineTune(model, options({ data: stream, augment, unfreeze, batchSize: 2, ...more }));
      result.restore();
      return { weights: weightsOf(model), history: result.history };
    };
    const expected = await run();
    for (let stopAt = 1; stopAt < 9; stopAt++) {
      const checkpoint = { to: mapStore(), everySteps: 1, resume: true };
      await run({ checkpoint, maxSteps: stopAt });
      expect(await run({ checkpoint })).toEqual(expected);
    }
  });

  it("reads inputs that bypass the trunk from the stream, and the rest from the cache", async () => {
    const build = (): layers.LayersModel => {
      const [a, b] = [layers.input({ shape: [4], name: "a" }), layers.input({ shape: [2], name: "b" })];
      const init = (seed: number) => layers.initializers.glorotNormal({ seed });
      const trunk = layers.layers.dense({ units: 3, name: "trunk", kernelInitializer: init(1) }).apply(a);
      const both = layers.layers.concatenate({ name: "both" }).apply([trunk as layers.SymbolicTensor, b]);
      const head = layers.layers.dense({ units: 3, name: "head", activation: "softmax", kernelInitializer: init(2) });
      return layers.model({ inputs: [a, b], outputs: head.apply(both) as layers.SymbolicTensor });
    };
    const { xs, ys } = examples([4], N);
    const b = tf.randomNormal([N, 2], 0, 1, "float32", 9);
    const rows = (t: tf.Tensor, i: number): tf.Tensor => tf.tidy(() => tf.squeeze(tf.slice(t, i, 1), [0]));
    function* read(): Generator<Element> {
      for (let i = 0; i < N; i++) yield { xs: { b: rows(b, i), a: rows(xs, i) }, ys: rows(ys, i) };
    }
    const expected = await tuned(build(), { data: { xs: { a: xs, b }, ys } });
    const model = build();
    const before = tf.memory().numTensors;
    expect(await tuned(model, { data: { stream: read, buffer: 50 } })).toEqual(expected);
    expect(tf.memory().numTensors).toBe(before);
  });

  it("is refused if it cannot be read again, is too short, or does not fit, and nothing is leaked or changed", async () => {
    const given = examples([4], N);
    const { read } = reader(given, 0);
    const once = read();
    function* numbers(): Generator<Element> {
      for (let i = 0; i < 9; i++) yield { xs: tf.zeros([4]), ys: tf.scalar(i) };
    }
    function* wrong(): Generator<Element> {
      for (let i = 0; i < 9; i++) yield { xs: tf.zeros([i < 5 ? 4 : 3]), ys: tf.oneHot(i % 3, 3) };
    }
    const digits = { xs: given.xs, ys: tf.argMax(given.ys, -1) };
    const sparse = { loss: "sparseCategoricalCrossentropy", accumulate: 1 } as const;
    const cases: [Partial<FineTuneOptions>, RegExp][] = [
      [{ data: { stream: once, examples: N } }, /iterator, which gives its examples only once, but there are 3 epochs/],
      [{ data: { stream: once }, epochs: 1 }, /counting them would use it up[\s\S]*stream: \(\) => read/],
      [{ data: { stream: read, examples: N + 1 } }, /data ended after 20 of 21 examples/],
      [{ data: { stream: () => [] } }, /data has no examples/],
      [{ data: { stream: read, examples: 0, buffer: 1.5 } }, /data.examples[\s\S]*data.buffer/],
      [{ data: { stream: 7 as never } }, /data.stream` is 7/],
      [{ data: { stream: wrong } }, /example 5: xs `\w+` is \[1,3\], but the model takes \[any,4\]/],
      [
        { data: { stream: numbers, buffer: 1 }, ...sparse, cache: false },
        /data.ys from example 3 on holds class numbers from 3 to 3, and the output has classes 0 to 2/,
      ],
      [{ validation: { stream: numbers }, ...sparse, data: digits }, /validation.ys from example 3 on/],
      [{ validation: { stream: once, examples: N } }, /validation.stream/],
    ];
    for (const [more, message] of cases) {
      const model = mlp();
      const weights = weightsOf(model);
      const before = tf.memory().numTensors;
      await expect(fineTune(model, options({ data: given, ...more }))).rejects.toThrow(message);
      expect(tf.memory().numTensors, String(message)).toBe(before);
      expect(weightsOf(model), String(message)).toEqual(weights);
    }
    await expect(fineTune(mlp(), options({ data: { stream: wrong } }))).rejects.toThrow(DataError);
    // Two problems show only during the run: a function that returns a used iterator, and labels that were not checked before.
    const spent = { data: { stream: () => once, examples: N }, cache: false } as const;
    await expect(fineTune(mlp(), options(spent))).rejects.toThrow(/returned the same iterator again/);
    const late = { data: { stream: numbers, examples: 9, buffer: 1 }, ...sparse, batchSize: 1, cache: false } as const;
    await expect(fineTune(mlp(), options(late))).rejects.toThrow(/data.ys from example 3 on/);
    const single = { data: { stream: read(), examples: N }, epochs: 1, cache: false } as const;
    expect((await tuned(mlp(), single)).history.loss).toHaveLength(1);
  });
});

import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { beforeEach, describe, expect, it } from "vitest";
import { type Element, fineTune, flip, planFineTune, shift } from "../src/index.ts";
import { convNet, mlp } from "./nets.ts";
import { N, options, reader, tuned } from "./stream-runs.ts";
import { examples } from "./support.ts";

beforeEach(() => tf.setBackend("cpu"));

describe("prefetch", () => {
  it("does not change results: from memory, from a stream, with augmentation and mixup", async () => {
    const given = examples([8, 8, 2], 9);
    const augment = [flip(), shift({ by: 1 })];
    const streamed = { data: { stream: [given], buffer: 4 }, cache: false } as const;
    for (const more of [{}, { augment }, { augment, mixup: 0.4 }, streamed]) {
      const run = (prefetch: number) => tuned(convNet(), { data: given, batchSize: 2, ...more, prefetch });
      const expected = await run(0);
      expect(await run(1)).toEqual(expected);
      expect(await run(5)).toEqual(expected);
    }
  });

  it("frees prepared batches if the run is aborted or the stream fails, and ends the stream", async () => {
    const given = examples([4], N);
    for (const fail of [true, false]) {
      const { read, log } = reader(given, 0);
      const aborter = new AbortController();
      async function* failing(): AsyncGenerator<Element> {
        for await (const element of read()) {
          if (fail && log.read > 14) {
            tf.dispose([element.xs, element.ys] as tf.Tensor[]);
            throw new Error("the disk is gone");
          }
          yield element;
        }
      }
      const model = mlp();
      const before = tf.memory().numTensors;
      const run = options({
        data: { stream: failing, examples: N, buffer: 2 },
        cache: false,
        prefetch: 3,
        accumulate: 1,
        signal: aborter.signal,
        observers: [{ stepEnd: ({ step }) => void (!fail && step === 2 && aborter.abort()) }],
      });
      await expect(fineTune(model, run)).rejects.toThrow(fail ? /the disk is gone/ : /abort/i);
      expect(tf.memory().numTensors).toBe(before);
      expect(log).toMatchObject({ opened: 1, closed: 1 });
    }
  });

  it("is counted in the plan's peak memory, which is within 10 % of the run's", async () => {
    const given = examples([8, 8, 2], 24);
    const more = { data: given, augment: [shift({ by: 1 })], prefetch: 3, batchSize: 6, accumulate: 1 };
    const { predicted } = await planFineTune(convNet(), options(more));
    const without = await planFineTune(convNet(), options({ ...more, prefetch: 0 }));
    const { peakBytes, restore } = await fineTune(convNet(), options(more));
    restore();
    const bytes = predicted?.peakBytes ?? 0;
    expect(bytes).toBeGreaterThan((without.predicted?.peakBytes ?? 0) + 3 * 6 * 8 * 8 * 2 * 4 * 0.99);
    expect(Math.abs(bytes - peakBytes) / peakBytes).toBeLessThan(0.1);
  });
});

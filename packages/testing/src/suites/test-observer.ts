import type { Observer } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { check } from "../harness/assertions.ts";
import { type Case, onCpu, register } from "../harness/conformance-check.ts";
import { disposeParams, sampleParams } from "../harness/samples.ts";

/** Registers the conformance suite of an observer: it takes every event of a run, and returns and keeps nothing. */
export function testObserver(make: () => Observer): void {
  register(`observer ${make().name ?? ""}`.trim(), observerCases(make));
}

/** The cases of {@link testObserver}, for another test runner: each throws where its rule is broken. */
export function observerCases(make: () => Observer): readonly Case[] {
  const watch = async (observer: Observer, error?: unknown): Promise<readonly unknown[]> => {
    const params = sampleParams();
    const infos = params.map(({ variable: _, ...info }) => info);
    const returned = [await observer.runStart?.({ params: infos, epochs: 2, stepsPerEpoch: 2, batchSize: 4, step: 0 })];
    for (let epoch = 0, step = 0; epoch < 2; epoch++) {
      for (let i = 1; i <= 2; i++, step++) {
        const read = step % 2 === 0 ? { loss: 1 / (step + 1), probes: { "gradient/norm": 2 } } : {};
        returned.push(await observer.stepEnd?.({ step, epoch, examples: 4 * i, learningRate: 0.1, ...read }));
      }
      const logs = { loss: 0.5, val_loss: Number.NaN };
      returned.push(await observer.epochEnd?.({ epoch, step, seconds: 1, logs }));
    }
    returned.push(await observer.runEnd?.({ steps: 4, seconds: 2, ...(error === undefined ? {} : { error }) }));
    disposeParams(params);
    return returned;
  };
  return [
    onCpu("returns", "takes every event of a run and returns nothing", async () => {
      const returned = (await watch(make())).filter((value) => value !== undefined);
      check(returned.length === 0, "It returned a value: what changes a run is a hook, never an observer.");
    }),
    onCpu("failed", "takes the end of a run that failed", async () => {
      await watch(make(), new Error("stopped"));
    }),
    onCpu("again", "the same observer watches a second run", async () => {
      const observer = make();
      await watch(observer);
      await watch(observer);
    }),
    onCpu("leak", "keeps no tensor", async () => {
      const before = tf.memory().numTensors;
      await watch(make());
      check(tf.memory().numTensors === before, `It left ${tf.memory().numTensors - before} tensor(s).`);
    }),
  ];
}

import type { Observer } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { check } from "../harness/assertions.ts";
import { type ConformanceCheck, type ExpectedFailures, onCpu, register } from "../harness/conformance-check.ts";
import { disposeParams, sampleParams } from "../harness/samples.ts";

/** Options of the conformance suite of an observer. */
export interface ObserverSuiteOptions {
  /** Checks that the observer is known to fail, by name, each with the reason. @default {} */
  readonly expectedFailures?: ExpectedFailures;
}

/**
 * Registers the conformance suite of an observer: one named test per check. An observer accepts every event of a run,
 * returns nothing and keeps no tensor. Call it at the top level of a vitest file.
 *
 * @throws Error if `expectedFailures` names a check that the suite does not have.
 */
export function testObserver(make: () => Observer, options: ObserverSuiteOptions = {}): void {
  register(`observer ${make().name ?? ""}`.trim(), observerChecks(make), options.expectedFailures);
}

/** Returns the checks of {@link testObserver}, for another test runner. */
export function observerChecks(make: () => Observer): readonly ConformanceCheck[] {
  return [
    onCpu("accepts every event of a run and returns nothing", async () => {
      const returned = (await watch(make())).filter((value) => value !== undefined);
      check(returned.length === 0, "The observer returned a value. Use a hook to change a run.");
    }),
    onCpu("accepts the end of a run that failed", async () => {
      await watch(make(), new Error("stopped"));
    }),
    onCpu("can watch a second run", async () => {
      const observer = make();
      await watch(observer);
      await watch(observer);
    }),
    onCpu("keeps no tensor", async () => {
      const before = tf.memory().numTensors;
      await watch(make());
      check(tf.memory().numTensors === before, `The observer kept ${tf.memory().numTensors - before} tensor(s).`);
    }),
  ];
}

/** Sends the events of a run of two epochs of two steps. Returns the values that the observer returned. */
async function watch(observer: Observer, error?: unknown): Promise<readonly unknown[]> {
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
}

import type { BackendAdapter } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { checkClose, type Values } from "../harness/assertions.ts";
import { type ConformanceCheck, onCpu } from "../harness/conformance-check.ts";
import { onAdapters } from "../harness/on-adapters.ts";
import { runPure } from "../harness/run-pure.ts";
import { disposeParams, sampleGrads, sampleParams } from "../harness/samples.ts";
import type { Subject } from "../harness/subject.ts";

/** Checks that two steps give the values of cpu on every backend of tfjs that starts, and on those of `adapters`. */
export function backendChecks(
  subject: Subject,
  adapters: readonly BackendAdapter[],
  tolerance: number,
): readonly ConformanceCheck[] {
  return [
    onCpu("agrees with cpu on every backend", async () => {
      const expected = await twoSteps(subject);
      const compare = async (backend: string): Promise<void> => {
        (await twoSteps(subject)).forEach((values, i) => {
          checkClose(values, expected[i] as Values, tolerance, `Step ${i} on ${backend}`);
        });
      };
      for (const name of Object.keys(tf.engine().registryFactory)) {
        if (name === "cpu" || !(await tf.setBackend(name))) continue;
        await compare(name);
      }
      await onAdapters(adapters, (name) => compare(`the adapter ${name}`));
    }),
  ];
}

async function twoSteps(subject: Subject): Promise<readonly Values[]> {
  const params = sampleParams();
  const steps = [0, 1].map((seed) => sampleGrads(params, seed));
  const got = runPure(subject.make(), params, steps).map(({ grads }) => grads);
  tf.dispose(steps as tf.NamedTensorMap[]);
  disposeParams(params);
  return got;
}

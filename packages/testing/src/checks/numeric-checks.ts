import * as tf from "@tensorflow/tfjs-core";
import { checkFinite } from "../harness/assertions.ts";
import { type ConformanceCheck, onCpu } from "../harness/conformance-check.ts";
import { runPure } from "../harness/run-pure.ts";
import { disposeParams, sampleGrads, sampleParams } from "../harness/samples.ts";
import type { Subject } from "../harness/subject.ts";

/** Checks that the result and the state stay finite for zero, tiny and huge gradients. */
export function numericChecks(subject: Subject): readonly ConformanceCheck[] {
  const finite = (size: string, scale: number): ConformanceCheck =>
    onCpu(`is finite for gradients of ${size}`, () => {
      const params = sampleParams();
      const steps = [0, 1].map((seed) => sampleGrads(params, seed, scale));
      try {
        runPure(subject.make(), params, steps).forEach(({ grads, state }, i) => {
          checkFinite(grads, `Step ${i}`);
          checkFinite(state, `State after step ${i}`);
        });
      } finally {
        tf.dispose(steps as tf.NamedTensorMap[]);
        disposeParams(params);
      }
    });
  return [finite("zero", 0), finite("1e-20", 1e-20), finite("1e20", 1e20)];
}

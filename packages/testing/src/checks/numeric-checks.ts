import * as tf from "@tensorflow/tfjs-core";
import { checkFinite } from "../harness/assertions.ts";
import { type Case, onCpu } from "../harness/conformance-check.ts";
import { runPure } from "../harness/run-pure.ts";
import { disposeParams, sampleGrads, sampleParams } from "../harness/samples.ts";
import type { Subject } from "../harness/subject.ts";

/** Nasty gradients: what comes out is finite, and so is the state that the next step starts from. */
export function numericCases(subject: Subject): readonly Case[] {
  const at = (id: string, name: string, scale: number): Case =>
    onCpu(id, name, () => {
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
  return [
    at("zero", "zero gradients give finite output", 0),
    at("tiny", "gradients of 1e-20 give finite output", 1e-20),
    at("huge", "gradients of 1e20 give finite output", 1e20),
  ];
}

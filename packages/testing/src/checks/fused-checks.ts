import type { AnyRule, BackendAdapter, TensorMap } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { checkBits, checkClose, read } from "../harness/assertions.ts";
import { type ConformanceCheck, onCpu } from "../harness/conformance-check.ts";
import { onAdapters } from "../harness/on-adapters.ts";
import { disposeParams, sampleGrads, sampleParams } from "../harness/samples.ts";
import { contextOf } from "../harness/subject.ts";

/**
 * Checks `applyFused` of a rule on cpu and on the backends of `adapters`. It must equal `transform`. If the backend lacks
 * the kernel, it must return undefined and change nothing.
 */
export function fusedChecks(
  make: () => AnyRule,
  adapters: readonly BackendAdapter[],
  tolerance: number,
): readonly ConformanceCheck[] {
  return [
    onCpu("applyFused equals transform, or changes nothing", async () => {
      if (!make().applyFused) return;
      comparePaths(make, tolerance, "cpu");
      await onAdapters(adapters, (name) => comparePaths(make, tolerance, name));
    }),
  ];
}

/** Takes three steps by each path from the same weights. `applyFused` writes the variables itself. */
function comparePaths(make: () => AnyRule, tolerance: number, backend: string): void {
  const [fused, composed] = [sampleParams(), sampleParams()];
  tf.tidy(() => {
    const [a, b] = [make(), make()];
    const [ctxA, ctxB] = [contextOf(fused), contextOf(composed)];
    let [stateA, stateB] = [a.init(ctxA.params, fused), b.init(ctxB.params, composed)];
    for (let step = 0; step < 3; step++) {
      const grads = sampleGrads(fused, step);
      const before = { grads: read(grads), weights: read(ctxA.params) };
      const variables = ctxA.params as { readonly [name: string]: tf.Variable };
      const out = a.applyFused?.(variables, grads, stateA, { ...ctxA, step });
      checkBits(read(grads), before.grads, `On ${backend}, applyFused changed a gradient`);
      if (!out) {
        checkBits(
          read(ctxA.params),
          before.weights,
          `On ${backend}, applyFused returned undefined but changed a weight`,
        );
        return;
      }
      stateA = out.state;
      const plain = b.transform(grads, stateB, { ...ctxB, step });
      stateB = plain.state;
      subtract(composed, plain.updates);
      checkClose(read(ctxA.params), read(ctxB.params), tolerance, `On ${backend}, step ${step}, fused and composed`);
    }
  });
  disposeParams([...fused, ...composed]);
}

function subtract(params: readonly { name: string; variable: tf.Variable }[], updates: TensorMap): void {
  for (const { name, variable } of params) variable.assign(tf.sub(variable, updates[name] as tf.Tensor));
}

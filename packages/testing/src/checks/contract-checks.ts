import type { TensorMap } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { check, checkBits, checkClose, read } from "../harness/assertions.ts";
import { type ConformanceCheck, onCpu } from "../harness/conformance-check.ts";
import { runPure } from "../harness/run-pure.ts";
import { disposeParams, sampleGrads, sampleParams } from "../harness/samples.ts";
import type { Subject } from "../harness/subject.ts";

/** Checks the arguments and the result of `transform`. */
export function contractChecks(subject: Subject): readonly ConformanceCheck[] {
  return [
    onCpu("returns exactly the names that it receives", () =>
      withSamples((params, grads) => {
        for (const step of runPure(subject.make(), params, [grads, grads])) {
          const [got, want] = [Object.keys(step.grads).sort().join(), Object.keys(grads).sort().join()];
          check(got === want, `transform returned ${got}, and received ${want}.`);
        }
      }),
    ),
    onCpu("keeps shapes and dtypes", () =>
      withSamples((params, grads) => {
        for (const { shapes } of runPure(subject.make(), params, [grads, grads])) {
          for (const [name, tensor] of Object.entries(grads)) {
            const want = `${tensor.dtype}[${tensor.shape}]`;
            check(shapes[name] === undefined || shapes[name] === want, `${name} is ${shapes[name]}, was ${want}.`);
          }
        }
      }),
    ),
    onCpu("neither disposes nor changes its inputs", () =>
      withSamples((params, grads) => {
        const variables = Object.fromEntries(params.map(({ name, variable }) => [name, variable]));
        const before = { grads: read(grads), params: read(variables) };
        // If transform disposes an input, the error here names that input. Reading it later would fail without its name.
        runPure(subject.make(), params, [grads]);
        for (const [name, tensor] of Object.entries({ ...grads }))
          check(!tensor.isDisposed, `transform disposed the gradient of ${name}.`);
        for (const [name, tensor] of Object.entries(variables))
          check(!tensor.isDisposed, `transform disposed the parameter ${name}.`);
        checkBits(read(grads), before.grads, "transform changed a gradient that it received");
        checkBits(read(variables), before.params, "transform changed a parameter");
      }),
    ),
    onCpu("does not depend on the order of the names", () =>
      withSamples((params, grads) => {
        const again = sampleGrads(params, 0);
        const reversed = Object.fromEntries(Object.entries(again).reverse());
        const straight = runPure(subject.make(), params, [grads, grads]);
        const backward = runPure(subject.make(), params, [reversed, reversed]);
        tf.dispose(again as tf.NamedTensorMap);
        straight.forEach((step, i) => {
          // Sums over all parameters may round differently in another order.
          checkClose((backward[i] as typeof step).grads, step.grads, 1e-5, `Step ${i} with reversed names`);
        });
      }),
    ),
  ];
}

function withSamples(fn: (params: ReturnType<typeof sampleParams>, grads: TensorMap) => void): void {
  const params = sampleParams();
  const grads = sampleGrads(params, 0);
  try {
    fn(params, grads);
  } finally {
    for (const tensor of Object.values(grads)) if (!tensor.isDisposed) tf.dispose(tensor);
    disposeParams(params);
  }
}

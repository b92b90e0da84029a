import type { TensorMap } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { check, checkBits, checkClose, read } from "../harness/assertions.ts";
import { type Case, onCpu } from "../harness/conformance-check.ts";
import { runPure } from "../harness/run-pure.ts";
import { disposeParams, sampleGrads, sampleParams } from "../harness/samples.ts";
import type { Subject } from "../harness/subject.ts";

/** What `transform` promises about its arguments and results. */
export function contractCases(subject: Subject): readonly Case[] {
  return [
    onCpu("names", "returns the names it was given, none more and none less", () =>
      withSamples((params, grads) => {
        for (const step of runPure(subject.make(), params, [grads, grads])) {
          const [got, want] = [Object.keys(step.grads).sort().join(), Object.keys(grads).sort().join()];
          check(got === want, `It returned ${got}, and was given ${want}.`);
        }
      }),
    ),
    onCpu("shapes", "keeps shapes and dtypes", () =>
      withSamples((params, grads) => {
        for (const { shapes } of runPure(subject.make(), params, [grads, grads])) {
          for (const [name, tensor] of Object.entries(grads)) {
            const want = `${tensor.dtype}[${tensor.shape}]`;
            check(shapes[name] === undefined || shapes[name] === want, `${name} is ${shapes[name]}, was ${want}.`);
          }
        }
      }),
    ),
    onCpu("inputs", "neither disposes nor changes its inputs", () =>
      withSamples((params, grads) => {
        const variables = Object.fromEntries(params.map(({ name, variable }) => [name, variable]));
        const before = { grads: read(grads), params: read(variables) };
        // A dispose shows as such here, and not as the failure of whatever reads the tensor next.
        runPure(subject.make(), params, [grads]);
        for (const [name, tensor] of Object.entries({ ...grads }))
          check(!tensor.isDisposed, `It disposed the gradient of ${name}.`);
        for (const [name, tensor] of Object.entries(variables))
          check(!tensor.isDisposed, `It disposed the parameter ${name}.`);
        checkBits(read(grads), before.grads, "A gradient it was given changed");
        checkBits(read(variables), before.params, "A parameter changed");
      }),
    ),
    onCpu("order", "does not depend on the order of the keys", () =>
      withSamples((params, grads) => {
        const again = sampleGrads(params, 0);
        const reversed = Object.fromEntries(Object.entries(again).reverse());
        const straight = runPure(subject.make(), params, [grads, grads]);
        const backward = runPure(subject.make(), params, [reversed, reversed]);
        tf.dispose(again as tf.NamedTensorMap);
        straight.forEach((step, i) => {
          // Only sums over all parameters may round differently.
          checkClose((backward[i] as typeof step).grads, step.grads, 1e-5, `Step ${i} with reversed keys`);
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

import type { AnyCombiner, ElementwiseCombiner, TensorMap } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { check, checkBits, checkFinite, read } from "../harness/assertions.ts";
import { type ConformanceCheck, onCpu } from "../harness/conformance-check.ts";
import { disposeParams, sampleGrads, sampleParams } from "../harness/samples.ts";
import { contextOf } from "../harness/subject.ts";

/** Checks a combiner that merges the gradients of several tasks element by element. */
export function combineChecks(make: () => AnyCombiner): readonly ConformanceCheck[] {
  const run = (
    scale: number,
    inspect: (out: TensorMap, byTask: { readonly [task: string]: TensorMap }) => void,
  ): void => {
    const params = sampleParams();
    const byTask = { a: sampleGrads(params, 0, scale), b: sampleGrads(params, 1, scale) };
    tf.tidy(() => {
      const combiner = make() as ElementwiseCombiner;
      const ctx = contextOf(params);
      const before = Object.values(byTask).map(read);
      const { grads } = combiner.combine(byTask, combiner.init(Object.keys(byTask), ctx.params), ctx);
      for (const [i, map] of Object.values(byTask).entries()) {
        check(
          Object.values(map).every((tensor) => !tensor.isDisposed),
          "The combiner disposed a gradient that it received.",
        );
        checkBits(read(map), before[i] as ReturnType<typeof read>, "The combiner changed a gradient that it received");
      }
      inspect(grads, byTask);
    });
    for (const map of Object.values(byTask)) tf.dispose(map as tf.NamedTensorMap);
    disposeParams(params);
  };
  const finite = (size: string, scale: number): ConformanceCheck =>
    onCpu(`is finite for gradients of ${size}`, () =>
      run(scale, (out) => checkFinite(read(out), "The merged gradient")),
    );
  return [
    onCpu("keeps names and shapes, and leaves its inputs unchanged", () =>
      run(1, (out, { a }) => {
        const show = (map: TensorMap): string =>
          Object.keys(map)
            .sort()
            .map((name) => `${name} [${map[name]?.shape}]`)
            .join(", ");
        check(
          show(out) === show(a as TensorMap),
          `The combiner returned ${show(out)}, expected ${show(a as TensorMap)}.`,
        );
      }),
    ),
    finite("zero", 0),
    finite("1e-20", 1e-20),
    finite("1e20", 1e20),
  ];
}

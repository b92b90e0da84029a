import type { AnyCombiner, ElementwiseCombiner, TensorMap } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { check, checkBits, checkFinite, read } from "../harness/assertions.ts";
import { type Case, onCpu } from "../harness/conformance-check.ts";
import { disposeParams, sampleGrads, sampleParams } from "../harness/samples.ts";
import { contextOf } from "../harness/subject.ts";

/** Gradients of several tasks in, one gradient out: the rules of a hook, for a combiner on the device. */
export function combineCases(make: () => AnyCombiner): readonly Case[] {
  const run = (scale: number, look: (out: TensorMap, byTask: { readonly [task: string]: TensorMap }) => void): void => {
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
          "It disposed a gradient it was given.",
        );
        checkBits(read(map), before[i] as ReturnType<typeof read>, "A gradient it was given changed");
      }
      look(grads, byTask);
    });
    for (const map of Object.values(byTask)) tf.dispose(map as tf.NamedTensorMap);
    disposeParams(params);
  };
  return [
    onCpu("shapes", "keeps names and shapes, and its inputs as they are", () =>
      run(1, (out, { a }) => {
        const show = (map: TensorMap): string =>
          Object.keys(map)
            .sort()
            .map((name) => `${name} [${map[name]?.shape}]`)
            .join(", ");
        check(show(out) === show(a as TensorMap), `It returned ${show(out)}, expected ${show(a as TensorMap)}.`);
      }),
    ),
    ...[0, 1e-20, 1e20].map((scale) =>
      onCpu(`finite-${scale}`, `gradients of size ${scale} give finite output`, () =>
        run(scale, (out) => checkFinite(read(out), "The merged gradient")),
      ),
    ),
  ];
}

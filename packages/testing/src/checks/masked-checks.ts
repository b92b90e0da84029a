import { type AnyHook, masked, visitTensors } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { check, checkBits, read } from "../harness/assertions.ts";
import { type Case, onCpu } from "../harness/conformance-check.ts";
import { disposeParams, sampleGrads, sampleParams } from "../harness/samples.ts";
import { contextOf } from "../harness/subject.ts";

/** A hook behind `masked`: what it is not shown, it neither changes nor remembers. */
export function maskedCases(make: () => AnyHook): readonly Case[] {
  return [
    onCpu("masked", "masked: parameters outside are bit-identical and have no state", () => {
      const params = sampleParams();
      const grads = sampleGrads(params, 0);
      const outside = params.filter(({ role }) => role === "bias").map(({ name }) => name);
      tf.tidy(() => {
        const hook = masked(make(), { exclude: ["**/bias"] });
        const ctx = contextOf(params);
        const first = hook.transform(grads, hook.init(ctx.params, params), ctx);
        const second = hook.transform(first.grads, first.state, { ...ctx, step: 1 });
        const only = (map: typeof grads): ReturnType<typeof read> =>
          read(Object.fromEntries(outside.map((name) => [name, map[name] as tf.Tensor])));
        checkBits(only(second.grads), only(grads), "Outside the mask");
        visitTensors(second.state, (_, path) => {
          const name = outside.find((one) => path.endsWith(one));
          check(name === undefined, `The state holds ${path}, and ${name} is outside the mask.`);
        });
      });
      tf.dispose(grads as tf.NamedTensorMap);
      disposeParams(params);
    }),
  ];
}

import { type AnyHook, masked, visitTensors } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { check, checkBits, read } from "../harness/assertions.ts";
import { type ConformanceCheck, onCpu } from "../harness/conformance-check.ts";
import { disposeParams, sampleGrads, sampleParams } from "../harness/samples.ts";
import { contextOf } from "../harness/subject.ts";

/** Checks a hook inside `masked`: parameters outside the mask must be unchanged and have no state. */
export function maskedChecks(make: () => AnyHook): readonly ConformanceCheck[] {
  return [
    onCpu("leaves parameters outside a mask unchanged and without state", () => {
      const params = sampleParams();
      const grads = sampleGrads(params, 0);
      const outside = params.filter(({ role }) => role === "bias").map(({ name }) => name);
      tf.tidy(() => {
        const hook = masked(make(), { exclude: ["**/bias"] });
        const ctx = contextOf(params);
        const first = hook.transform(grads, hook.init(ctx.params, params), ctx);
        const second = hook.transform(first.grads, first.state, { ...ctx, step: 1 });
        const readOutside = (map: typeof grads): ReturnType<typeof read> =>
          read(Object.fromEntries(outside.map((name) => [name, map[name] as tf.Tensor])));
        checkBits(readOutside(second.grads), readOutside(grads), "Outside the mask");
        visitTensors(second.state, (_, path) => {
          const name = outside.find((masked) => path.endsWith(masked));
          check(name === undefined, `The state contains ${path}, but ${name} is outside the mask.`);
        });
      });
      tf.dispose(grads as tf.NamedTensorMap);
      disposeParams(params);
    }),
  ];
}

import type { ModelPatch } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { expect, it } from "vitest";
import { patchChecks } from "../src/index.ts";
import { failing } from "./failing.ts";

const model = (): layers.LayersModel =>
  layers.sequential({
    layers: [
      layers.layers.dense({
        inputShape: [3],
        units: 4,
        name: "dense",
        kernelInitializer: layers.initializers.glorotNormal({ seed: 3 }),
      }),
      layers.layers.batchNormalization({ name: "norm" }),
    ],
  });
type Call = (inputs: tf.Tensor | tf.Tensor[], kwargs: object) => tf.Tensor | tf.Tensor[];
/** Makes a patch that wraps the first layer's call. `restore` removes the wrapper. */
const wrap = (
  around: (call: Call) => Call,
  parts: (
    undo: () => void,
    model: { layers: readonly object[] },
  ) => Partial<ReturnType<ModelPatch["apply"]>> = () => ({}),
): ModelPatch => ({
  name: "broken",
  apply(target) {
    const layer = target.layers[0] as unknown as { call?: Call };
    const proto = (Object.getPrototypeOf(layer) as { call: Call }).call;
    layer.call = around(proto.bind(layer));
    const undo = (): void => {
      delete layer.call;
    };
    return { restore: undo, ...parts(undo, target) };
  },
});
const same = (call: Call): Call => call;
const patches: { readonly [check: string]: () => ModelPatch } = {
  "restore() puts weights, outputs and layers back exactly": () => wrap(same, () => ({ restore: () => {} })),
  "restore() can be called twice": () =>
    wrap(same, (undo, target) => {
      let calls = 0;
      return {
        restore() {
          undo();
          if (++calls === 2) (target.layers[0] as { flag?: boolean }).flag = true;
        },
      };
    }),
  "leaks no tensor over apply, a training step and restore": () =>
    wrap((call) => {
      tf.scalar(1);
      return call;
    }),
  "the patched model trains": () =>
    wrap(
      (call) => (x, kwargs) =>
        tf.mul(call(x, kwargs) as tf.Tensor, (kwargs as { training?: boolean }).training ? Number.NaN : 1),
    ),
  "adds parameters under new names, and holds layers that exist": () => wrap(same, () => ({ held: ["nowhere"] })),
  "training does not change the statistics of held layers": () => wrap(same, () => ({ held: ["norm"] })),
  "the patched model computes the same in inference": () =>
    wrap((call) => (x, kwargs) => tf.mul(call(x, kwargs) as tf.Tensor, 2)),
};
/** Other checks that fail too. */
const consequences: { readonly [check: string]: readonly string[] } = {
  // A patch that does not restore once does not restore twice either.
  "restore() puts weights, outputs and layers back exactly": ["restore() can be called twice"],
};
for (const [name, make] of Object.entries(patches)) {
  it(`a patch that breaks "${name}" fails this check`, async () => {
    expect(await failing(patchChecks(make, { model }))).toEqual([name, ...(consequences[name] ?? [])]);
  });
}
it("a patch that accepts every model fails the check of refusals", async () => {
  expect(await failing(patchChecks(() => wrap(same), { model, unsuitable: model }))).toEqual([
    "refuses an unsuitable model and leaves it unchanged",
  ]);
});

import * as tf from "@tensorflow/tfjs-core";
import { mapTensors } from "../params/tensor-map.ts";
import type { UpdateRule } from "../step/hook.ts";
import { scalars } from "../step/scalars.ts";

/** Plain gradient descent, w ← w − γ·g, for chains whose hooks have their own momentum. It has no state and no options. */
export function gradientDescent(): UpdateRule<null> {
  return {
    name: "gradient-descent",
    terminal: true,
    init: () => null,
    transform(grads, state, { rates }) {
      const scalar = scalars();
      return { updates: mapTensors(grads, (g, name) => tf.mul(g, scalar(rates[name] as number))), state };
    },
  };
}

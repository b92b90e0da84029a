import * as tf from "@tensorflow/tfjs-core";
import type { UpdateRule } from "../hook.ts";
import { scalars } from "../scalars.ts";
import { mapTensors } from "../tree.ts";

/** Plain descent, w ← w − γ·g, for chains whose hooks bring their own momentum. No state, no options. */
export function descend(): UpdateRule<null> {
  return {
    name: "descend",
    terminal: true,
    init: () => null,
    transform(grads, state, { rates }) {
      const scalar = scalars();
      return { grads: mapTensors(grads, (g, name) => tf.mul(g, scalar(rates[name] as number))), state };
    },
  };
}

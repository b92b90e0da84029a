import { optionsSchema } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

/** A kind of its own, with its own key in recipes. All its parts become one hook that adds their pulls to the gradient. */
const kind = {
  defines: "regularizer",
  key: "regularizers",
  title: "regularizers: added to the gradient, before the update rule",
  contribute: (parts) => ({
    hooks: [
      {
        name: "regularizers",
        init: () => ({ steps: 0 }),
        transform: (grads, { steps }, { params }) => ({
          grads: Object.fromEntries(
            Object.entries(grads).map(([name, grad]) => [
              name,
              parts.reduce((sum, { pull }) => tf.add(sum, pull(params[name], steps)), grad),
            ]),
          ),
          state: { steps: steps + 1 },
        }),
      },
    ],
  }),
};

const options = optionsSchema({ factor: { type: "number", minimum: 0, default: 0.01, description: "Strength" } });

/** An L2 penalty that fades with the number of steps. */
const fading = ({ factor }) => ({ pull: (weights, steps) => tf.mul(weights, factor / (1 + steps)) });

export const plugins = [
  kind,
  { kind: "regularizer", name: "fading-l2", description: "A fading L2 penalty", options, create: fading },
];

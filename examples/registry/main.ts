// Composes a training step from JSON. A third party's kind of plugin takes part: `penalties`, which become one hook.
import "@tensorflow/tfjs-backend-cpu";
import {
  plugins as corePlugins,
  definePlugin,
  HookedOptimizer,
  mapTensors,
  namedParams,
  optionsSchema,
  stateless,
} from "@graftjs/core";
import { createRegistry, defineKind, type Recipe } from "@graftjs/registry";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";

/** Gradient of a penalty on one weight tensor. */
type Penalty = (weights: tf.Tensor) => tf.Tensor;
declare module "@graftjs/core" {
  interface PluginKinds {
    penalty: Penalty;
  }
}

const penaltyKind = defineKind({
  defines: "penalty",
  key: "penalties",
  title: "penalties: their gradients are added in one hook, after all hooks of the recipe",
  contribute: (penalties) => ({
    hooks: [
      stateless("penalties", (grads, { params }) =>
        mapTensors(grads, (g, name) => tf.addN([g, ...penalties.map((penalty) => penalty(params[name] as tf.Tensor))])),
      ),
    ],
  }),
});
const lasso = definePlugin({
  kind: "penalty",
  name: "lasso",
  description: "Adds strength · sign(w), the gradient of an L1 penalty",
  options: optionsSchema<{ strength: number }>({ strength: { type: "number", minimum: 0 } }, ["strength"]),
  create:
    ({ strength }) =>
    (weights) =>
      tf.mul(tf.sign(weights), strength),
});

const recipe: Recipe = {
  penalties: [{ use: "lasso", with: { strength: 0.02 } }],
  rule: { use: "sgd", with: { momentum: 0.9 } },
  learningRate: 0.05,
};
const registry = createRegistry([corePlugins, penaltyKind, lasso]);
console.log(await registry.explain(recipe));

await tf.setBackend("cpu");
const { hooks, rule, learningRate } = await registry.resolve(recipe);
const kernelInitializer = tfl.initializers.glorotUniform({ seed: 1 });
const model = tfl.sequential({
  layers: [tfl.layers.dense({ units: 1, inputShape: [4], name: "head", kernelInitializer })],
});
model.compile({
  optimizer: new HookedOptimizer({ params: namedParams(model), hooks, rule, learningRate }),
  loss: "meanSquaredError",
});
// Only the first input matters: the penalty keeps the weights of the other inputs near 0.
const x = tf.randomNormal([256, 4], 0, 1, "float32", 5);
const y = tf.slice(x, [0, 0], [256, 1]);
await model.fit(x, y, { epochs: 10, shuffle: false, verbose: 0 });
const [kernel] = model.getWeights();
const weights = kernel ? [...(await kernel.data())] : [];
console.log(`weights ${weights.map((w) => w.toFixed(2)).join(" ")}`);

// A mistake is reported with its fix, together with all other mistakes.
const wrong = { ...recipe, penalties: ["laso"], learningRate: -1 };
await registry.resolve(wrong).catch((error: Error) => console.log(error.message));

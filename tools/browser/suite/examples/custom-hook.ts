import * as tf from "@tensorflow/tfjs-core";
import { plugin } from "../../../../examples/custom-hook/grokfast.ts";
import { examples, model } from "../../../../examples/custom-hook/model.ts";
import { plugins as corePlugins, HookedOptimizer, namedParams } from "../../../../packages/core/src/index.ts";
import { createRegistry, type Recipe } from "../../../../packages/registry/src/index.ts";
import { plugins as transforms } from "../../../../packages/transforms/src/index.ts";
import { type Blobs, json } from "../../blobs.ts";
import { type Example, STEPS, type Trained, valuesOf } from "./example.ts";

/** `examples/custom-hook`: a recipe with a user-defined hook. */
export const customHook: Example = {
  name: "custom-hook",
  async run(blobs: Blobs): Promise<Trained> {
    const recipe = json<Recipe>(blobs, "custom-hook/recipe");
    const { hooks, rule, learningRate } = await createRegistry([corePlugins, transforms, plugin]).resolve(recipe);
    const { x, y } = examples();
    const net = model();
    const params = namedParams(net);
    const optimizer = new HookedOptimizer({ params, hooks, rule, learningRate });
    const variables = params.map(({ variable }) => variable);
    const before = await valuesOf(variables);
    for (let step = 0; step < STEPS; step++) {
      optimizer.minimize(() => tf.losses.meanSquaredError(y, net.apply(x) as tf.Tensor) as tf.Scalar, false);
    }
    const after = await valuesOf(variables);
    optimizer.dispose();
    net.dispose();
    tf.dispose([x, y]);
    return { before, after };
  },
};

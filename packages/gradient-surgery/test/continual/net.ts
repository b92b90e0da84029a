import {
  type AnyHook,
  type AnyRule,
  HookedOptimizer,
  namedParams,
  type Param,
  type StateTree,
  visitTensors,
} from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import type { HostWeights } from "../../src/index.ts";
import { mulberry } from "../jacobians.ts";

/** Makes a small model with a batch norm, its parameters, data and loss. `free` disposes them. */
export function net(): {
  model: tfl.LayersModel;
  params: readonly Param[];
  x: tf.Tensor;
  y: tf.Tensor;
  loss: () => tf.Scalar;
  free(): void;
} {
  const kernel = (seed: number) => tfl.initializers.glorotNormal({ seed });
  const model = tfl.sequential({
    layers: [
      tfl.layers.dense({ inputShape: [3], units: 5, activation: "tanh", name: "body", kernelInitializer: kernel(3) }),
      tfl.layers.batchNormalization({ name: "norm" }),
      tfl.layers.dense({ units: 1, name: "head", kernelInitializer: kernel(4) }),
    ],
  });
  const x = tf.tensor2d(Array.from({ length: 48 }, mulberry(5)), [16, 3]);
  const y = tf.tidy(() => tf.sum(x, 1, true));
  const loss = (): tf.Scalar =>
    tf.losses.meanSquaredError(y, model.apply(x, { training: true }) as tf.Tensor) as tf.Scalar;
  const free = (): void => {
    model.dispose();
    tf.dispose([x, y]);
  };
  return { model, params: namedParams(model), x, y, loss, free };
}

/** Trains for `steps` steps. Returns the sizes of the tensors in the state of the optimizer. */
export function train(
  params: readonly Param[],
  loss: () => tf.Scalar,
  steps: number,
  rule: AnyRule,
  hooks: readonly AnyHook[] = [],
  rate = 0.1,
): StateTree {
  const optimizer = new HookedOptimizer({ params, rule, hooks, learningRate: rate });
  for (let i = 0; i < steps; i++) optimizer.minimize(loss, false);
  const tensors: number[] = [];
  visitTensors((optimizer.state ?? null) as StateTree, (tensor) => tensors.push(tensor.size));
  optimizer.dispose();
  return tensors;
}

/** Computes ‖w − w⁰‖ / ‖w⁰‖ over the named parameters. */
export const drift = (params: readonly Param[], reference: HostWeights, names: readonly string[]): number => {
  const norm = (element: (name: string, i: number, v: number) => number): number =>
    Math.hypot(
      ...params
        .filter(({ name }) => names.includes(name))
        .flatMap(({ name, variable }) => Array.from(variable.dataSync(), (v, i) => element(name, i, v))),
    );
  return norm((name, i, v) => v - (reference[name]?.[i] as number)) / norm((name, i) => reference[name]?.[i] as number);
};

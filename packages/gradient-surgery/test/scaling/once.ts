import type { OptimizerHook, ParamInfo, StateTree, StepContext, TensorMap } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { mulberry } from "../jacobians.ts";

/** Creates a tensor with seeded values. */
export const filled = (shape: number[], seed: number): tf.Tensor =>
  tf.tensor(Array.from({ length: shape.reduce((a, b) => a * b, 1) }, mulberry(seed)), shape);

/** Describes a parameter. */
export const info = (name: string, shape: number[], unitAxes: number[]): ParamInfo => ({
  name,
  layer: name.split("/")[0] as string,
  role: name.split("/")[1] as string,
  shape,
  unitAxes,
});

/** One parameter per layout of tfjs. */
export const layouts: readonly ParamInfo[] = [
  info("dense/kernel", [4, 3], [1]),
  info("conv/kernel", [3, 3, 2, 5], [3]),
  info("depthwise/depthwise_kernel", [3, 3, 4, 2], [2, 3]),
  info("dense/bias", [3], [0]),
];

/** Runs one transform in a tidy. `inspect` reads the results. */
export function once<S extends StateTree, R>(
  hook: OptimizerHook<S>,
  grads: TensorMap,
  inspect: (out: TensorMap, state: S) => R,
  {
    params = grads,
    infos = layouts,
    step = 0,
    state,
  }: { params?: TensorMap; infos?: readonly ParamInfo[]; step?: number; state?: S } = {},
): R {
  let result!: R;
  const ctx: StepContext = { step, learningRate: 1, rates: {}, params, infos };
  tf.tidy(() => {
    const out = hook.transform(grads, state ?? hook.init(params, infos), ctx);
    result = inspect(out.grads, out.state);
  });
  return result;
}

/** Reads the values of one tensor. */
export const values = (map: TensorMap, name: string): number[] => [...(map[name] as tf.Tensor).dataSync()];

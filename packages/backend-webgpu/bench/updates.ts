import { type AnyRule, adam, HookedOptimizer, type Param, sgd, type TensorMap } from "@graftjs/core";
import { lamb, larsMomentum } from "@graftjs/lars";
import * as tf from "@tensorflow/tfjs-core";
import { byHand as larsByHand } from "../../lars/bench/by-hand.ts";
import { byHand as lambByHand } from "./lamb-by-hand.ts";

/** One way of updating all parameters. */
export interface Update {
  readonly name: string;
  step(): void;
  dispose(): void;
}

/** 160 parameters in the sizes of MobileNetV2's blocks: kernels, depthwise kernels, gains and offsets. */
export function parameters(): { readonly params: readonly Param[]; readonly grads: { [name: string]: tf.Tensor } } {
  const shapes = [[1, 1, 16, 96], [96], [96], [3, 3, 96, 1], [96], [96], [1, 1, 96, 16], [16]];
  const params = Array.from({ length: 160 }, (_, i) => {
    const shape = shapes[i % shapes.length] as number[];
    const value = tf.randomUniform(shape, -1, 1, "float32", i + 1);
    const variable = tf.variable(value);
    value.dispose();
    return { name: `layer${i}/kernel`, layer: `layer${i}`, role: "kernel", shape, unitAxes: [], variable };
  });
  const grads = Object.fromEntries(
    params.map(({ name, shape }, i) => [name, tf.randomUniform(shape, -1, 1, "float32", i + 1001)]),
  );
  return { params, grads };
}

/** Stock tfjs's optimizer. Its gradients go by the variables' own names. */
export function stock(name: string, make: () => tf.Optimizer): Update {
  const { params, grads } = parameters();
  const optimizer = make();
  const byVariable = Object.fromEntries(params.map((param) => [param.variable.name, grads[param.name] as tf.Tensor]));
  return {
    name,
    step: () => optimizer.applyGradients(byVariable),
    dispose(): void {
      optimizer.dispose();
      tf.dispose([...params.map(({ variable }) => variable), ...Object.values(grads)]);
    },
  };
}

/** What one writes with tfjs's operations where tfjs has no such optimizer. */
export function written(
  name: string,
  make: (params: readonly Param[]) => { step(grads: TensorMap): void; dispose(): void },
): Update {
  const { params, grads } = parameters();
  const { step, dispose } = make(params);
  return {
    name,
    step: () => step(grads),
    dispose(): void {
      dispose();
      tf.dispose([...params.map(({ variable }) => variable), ...Object.values(grads)]);
    },
  };
}

/** Graft's optimizer, by fused kernel where there is one. */
export function graft(name: string, rule: AnyRule): Update {
  const { params, grads } = parameters();
  const optimizer = new HookedOptimizer({ params, rule, learningRate: 1e-3 });
  return {
    name,
    step: () => optimizer.applyNamed(grads),
    dispose(): void {
      optimizer.dispose();
      tf.dispose([...params.map(({ variable }) => variable), ...Object.values(grads)]);
    },
  };
}

/** Pairs of like updates: what is measured, and what it stands against. */
export const pairs: readonly { readonly name: string; readonly stock: () => Update; readonly graft: () => Update }[] = [
  {
    name: "sgd with momentum",
    stock: () => stock("tf.train.momentum", () => tf.train.momentum(1e-3, 0.9)),
    graft: () => graft("sgd", sgd({ momentum: 0.9 })),
  },
  {
    name: "adam",
    stock: () => stock("tf.train.adam", () => tf.train.adam(1e-3, 0.9, 0.999, 1e-8)),
    graft: () => graft("adam", adam()),
  },
  {
    name: "lars, by hand",
    stock: () =>
      written("by hand", (params) => {
        const { step, dispose } = larsByHand(params, { eta: 0.001, decay: 1e-4, momentum: 0.9 });
        return { step: (grads) => step(grads, 1e-3), dispose };
      }),
    graft: () => graft("lars", larsMomentum()),
  },
  {
    name: "lamb, by hand",
    stock: () => written("by hand", (params) => lambByHand(params, { rate: 1e-3, decay: 0.01 })),
    graft: () => graft("lamb", lamb({ weightDecay: 0.01 })),
  },
];

/** How often `run` calls a method of the device's own class: dispatches of WebGPU, draws of WebGL. */
export function countCalls(prototype: object, method: string, run: () => void): number {
  const methods = prototype as Record<string, (...args: unknown[]) => unknown>;
  const own = methods[method] as (...args: unknown[]) => unknown;
  let count = 0;
  methods[method] = function (this: unknown, ...args: unknown[]) {
    count += 1;
    return own.apply(this, args);
  };
  try {
    run();
  } finally {
    methods[method] = own;
  }
  return count;
}

/** {@link countCalls} of WebGPU's dispatches. */
export function countDispatches(run: () => void): number {
  return countCalls(GPUComputePassEncoder.prototype, "dispatchWorkgroups", run);
}

/** Steps until the device is asked whether it is done: that answer takes milliseconds of its own, as much as a whole fused step. */
const STEPS = 5;

/** Median milliseconds of a step, the device's work included, the updates taking turns. */
export async function timeTurns(
  updates: readonly Update[],
  done: () => Promise<unknown>,
  rounds: number,
): Promise<readonly number[]> {
  const times = updates.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, { step }] of updates.entries()) {
      const start = performance.now();
      for (let n = 0; n < STEPS; n++) step();
      await done();
      times[i]?.push((performance.now() - start) / STEPS);
    }
  }
  return times.map((list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)] as number);
}

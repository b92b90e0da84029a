import { type AnyRule, adam, HookedOptimizer, type Param, sgd, type TensorMap } from "@graftjs/core";
import { lamb, larsMomentum } from "@graftjs/lars";
import * as tf from "@tensorflow/tfjs-core";
import { byHand as larsByHand } from "../../lars/bench/by-hand.ts";
import { byHand as lambByHand } from "./lamb-by-hand.ts";

/** A way to update all parameters. */
export interface Update {
  readonly name: string;
  step(): void;
  dispose(): void;
}

/** Makes 160 parameters with the sizes of MobileNetV2's blocks: kernels, depthwise kernels, gains and offsets. */
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

/** Makes an update by a stock optimizer of tfjs, which takes gradients by the names of the variables. */
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

/** Makes an update in plain operations of tfjs, for optimizers that tfjs lacks. */
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

/** Makes an update by Graft's optimizer, which uses a fused kernel if the backend has one. */
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

/** Pairs of equal updates: stock or by hand, and Graft. */
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

/** Counts how often `run` calls a method of the device's class: dispatches of WebGPU, or draws of WebGL. */
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

/** Counts WebGPU's dispatches. */
export function countDispatches(run: () => void): number {
  return countCalls(GPUComputePassEncoder.prototype, "dispatchWorkgroups", run);
}

/** Steps between two waits for the device. A wait takes milliseconds, as much as a whole fused step. */
const STEPS = 5;

/** Returns the median milliseconds per step, including the device's work. The updates take turns. */
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

// Registers the gradients of tfjs-core.
import "@tensorflow/tfjs-layers";
import * as tf from "@tensorflow/tfjs-core";
import {
  type AnyCombiner,
  type AnyHook,
  type AnyRule,
  adam,
  adamw,
  chain,
  gradientDescent,
  HookedOptimizer,
  masked,
  sgd,
  taskTrainer,
} from "../../../packages/core/src/index.ts";
import {
  centralize,
  clipByGlobalNorm,
  clipByNorm,
  clipByValue,
  meanGradient,
  mgda,
  pcgrad,
  upgrad,
} from "../../../packages/gradient-surgery/src/index.ts";
import { lamb, larsMomentum } from "../../../packages/lars/src/index.ts";
import {
  accumulate,
  addDecayedWeights,
  decoupledWeightDecay,
  partition,
} from "../../../packages/transforms/src/index.ts";
import { disagreement } from "./numbers.ts";
import type { Row } from "./ops.ts";
import { gradients, makeParams } from "./rules.ts";

/** One way to write an optimizer. */
interface Side {
  /** @default none */
  readonly hooks?: readonly AnyHook[];
  readonly rule: AnyRule;
  /** Combines two tasks that both have the gradient. @default one task */
  readonly combiner?: AnyCombiner;
}

const momentum = { momentum: 0.9 };
const noTrust = { minRatio: 1, maxRatio: 1, weightDecay: 0 };

/**
 * Pairs that are equal by definition, so that each side is the other's oracle on every backend (in the manner of einops' tests).
 * The two sides often run different kernels.
 */
const EQUIVALENCES: readonly (readonly [name: string, left: () => Side, right: () => Side])[] = [
  ["sgd without momentum = gradient descent", () => ({ rule: sgd() }), () => ({ rule: gradientDescent() })],
  [
    "a rate in the velocity = a rate outside, if the rate stays",
    () => ({ rule: sgd({ ...momentum, rateInVelocity: true }) }),
    () => ({ rule: sgd(momentum) }),
  ],
  ["adamw without decay = adam", () => ({ rule: adamw({ weightDecay: 0 }) }), () => ({ rule: adam() })],
  [
    "lars with ratio 1 = sgd",
    () => ({ rule: larsMomentum({ ...noTrust, ...momentum, dialect: "optax" }) }),
    () => ({ rule: sgd(momentum) }),
  ],
  [
    "lamb with ratio 1 and no decay = adam",
    () => ({ rule: lamb({ ...noTrust, epsilon: 1e-6 }) }),
    () => ({ rule: adam({ epsilon: 1e-6 }) }),
  ],
  [
    "decay in the gradient = decoupled decay, under plain gradient descent",
    () => ({ hooks: [addDecayedWeights({ weightDecay: 0.1 })], rule: sgd() }),
    () => ({ rule: decoupledWeightDecay(sgd(), { weightDecay: 0.1 }) }),
  ],
  ...[clipByGlobalNorm({ norm: 1e30 }), clipByNorm({ norm: 1e30 }), clipByValue({ value: 1e30 })].map(
    (hook) =>
      [`${hook.name} far away = nothing`, () => ({ hooks: [hook], rule: adam() }), () => ({ rule: adam() })] as const,
  ),
  [
    "accumulate over one gradient = nothing",
    () => ({ hooks: [accumulate(1)], rule: sgd(momentum) }),
    () => ({ rule: sgd(momentum) }),
  ],
  [
    "a mask over everything = no mask",
    () => ({ hooks: [masked(centralize(), "all")], rule: adam() }),
    () => ({ hooks: [centralize()], rule: adam() }),
  ],
  [
    "a chain = its hooks in order",
    () => ({ hooks: [chain(clipByNorm({ norm: 1 }), centralize())], rule: adam() }),
    () => ({ hooks: [clipByNorm({ norm: 1 }), centralize()], rule: adam() }),
  ],
  [
    "a partition with one part = its hook",
    () => ({ hooks: [partition({ all: clipByNorm({ norm: 1 }) }, { all: "all" })], rule: sgd() }),
    () => ({ hooks: [clipByNorm({ norm: 1 })], rule: sgd() }),
  ],
  ...[meanGradient(), mgda(), upgrad(), pcgrad({ reduction: "mean" })].map(
    (combiner) =>
      [
        `${combiner.name} of two equal tasks = one task`,
        () => ({ combiner, rule: sgd(momentum) }),
        () => ({ rule: sgd(momentum) }),
      ] as const,
  ),
];

const STEPS = 3;

/**
 * Takes three steps with both sides of each equivalence on the current backend.
 *
 * @returns the largest difference of a weight, relative to the largest weight of its parameter.
 */
export async function compareEquivalences(): Promise<{ rows: readonly Row[]; leaked: number }> {
  const before = tf.memory().numTensors;
  const rows: Row[] = [];
  for (const [name, left, right] of EQUIVALENCES) {
    const [got, want] = [await weightsAfter(left()), await weightsAfter(right())];
    rows.push({ name, error: Math.max(...got.map((values, i) => disagreement(values, want[i] as Float32Array))) });
  }
  return { rows, leaked: tf.memory().numTensors - before };
}

async function weightsAfter({ hooks = [], rule, combiner }: Side): Promise<readonly Float32Array[]> {
  const params = makeParams();
  const optimizer = new HookedOptimizer({ params, hooks, rule, learningRate: 0.05 });
  const trainer = combiner && taskTrainer({ optimizer, combiner });
  for (let step = 0; step < STEPS; step++) {
    const grads = gradients(step, 1, undefined);
    if (trainer) {
      // The gradient of Σ w·g is g.
      const loss = (): tf.Scalar =>
        tf.addN(params.map(({ name, variable }) => tf.sum(tf.mul(variable, grads[name] as tf.Tensor)))) as tf.Scalar;
      tf.dispose(await trainer.step({ first: loss, second: loss }));
    } else optimizer.applyNamed(grads);
    tf.dispose(grads);
  }
  const values: Float32Array[] = [];
  for (const { variable } of params) values.push(Float32Array.from(await variable.data()));
  trainer?.dispose();
  optimizer.dispose();
  for (const { variable } of params) variable.dispose();
  return values;
}

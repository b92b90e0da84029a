import * as tf from "@tensorflow/tfjs-core";
import { type AnyRule, adam, adamw, HookedOptimizer, type Param, sgd } from "../../../packages/core/src/index.ts";
import { lamb, lambc, larsMomentum } from "../../../packages/lars/src/index.ts";
import { disagreement, type Input, numbers } from "./numbers.ts";
import type { Row } from "./ops.ts";

/** Name → shape of the parameters: sizes of no workgroup, a tensor of one value, one that starts at zero, one without gradient. */
const SHAPES: { readonly [name: string]: readonly number[] } = {
  "a/kernel": [3, 4],
  "a/bias": [4],
  "b/kernel": [5, 6, 2],
  "c/kernel": [37, 41],
  "c/gamma": [41],
  "d/kernel": [1, 1],
  "zero/kernel": [3, 3],
  "still/kernel": [2, 5],
};

interface RuleCase {
  readonly name: string;
  readonly rule: () => AnyRule;
  /** Size of the gradients. @default 1 */
  readonly scale?: number;
}

const dialects = ["paper", "torch", "larc", "optax", "tf-classic", "tf-popular"] as const;
const zeroNorms = ["one", "eta", "rms-floor", "exclude"] as const;
const decays = { trustCoefficient: 0.05, weightDecay: 0.01 } as const;

/** Every form of every rule that has a fused kernel. */
export const ruleCases: readonly RuleCase[] = [
  { name: "sgd", rule: () => sgd() },
  ...[false, true].flatMap((nesterov) =>
    [false, true].map((rateInVelocity) => ({
      name: `sgd momentum${nesterov ? " nesterov" : ""}${rateInVelocity ? " rate in velocity" : ""}`,
      rule: () => sgd({ momentum: 0.9, dampening: 0.2, nesterov, rateInVelocity }),
    })),
  ),
  { name: "adam", rule: () => adam() },
  { name: "adamw", rule: () => adamw({ weightDecay: 0.05 }) },
  ...dialects.flatMap((dialect) => [
    { name: `lars ${dialect}`, rule: () => larsMomentum({ dialect, momentum: 0, ...decays }) },
    ...[false, true].map((nesterov) => ({
      name: `lars ${dialect} momentum${nesterov ? " nesterov" : ""}`,
      rule: () => larsMomentum({ dialect, momentum: 0.9, nesterov, ...decays }),
    })),
  ]),
  ...zeroNorms.map((zeroNorm) => ({
    name: `lars zero norm ${zeroNorm}`,
    rule: () => larsMomentum({ dialect: "paper", zeroNorm, ...decays, excludeFromRatio: [] }),
  })),
  ...[1e-20, 1e20].flatMap((scale) =>
    (["paper", "optax", "tf-popular"] as const).map((dialect) => ({
      name: `lars ${dialect} gradients of ${scale}`,
      rule: () => larsMomentum({ dialect, trustCoefficient: 0.05, weightDecay: 0, momentum: 0 }),
      scale,
    })),
  ),
  {
    name: "lars by layer, clamped",
    rule: () => larsMomentum({ dialect: "torch", granularity: "layer", minRatio: 0.01, maxRatio: 0.04, ...decays }),
  },
  { name: "lamb", rule: () => lamb() },
  { name: "lamb clipped", rule: () => lamb({ maxGradNorm: 1, zeroNorm: "one" }) },
  { name: "lambc", rule: () => lambc({ granularity: "layer" }) },
];

/** Four steps of each rule, the rate halved midway: weights, and the ratios where the rule has them. */
async function results(): Promise<readonly (readonly Float32Array[])[]> {
  const all: Float32Array[][] = [];
  for (const { rule, scale = 1 } of ruleCases) {
    const params = makeParams();
    const optimizer = new HookedOptimizer({ params, rule: rule(), learningRate: (step) => (step < 2 ? 0.1 : 0.05) });
    for (let step = 0; step < 4; step++) tf.tidy(() => optimizer.applyNamed(gradients(step, scale)));
    const trust = (
      optimizer.state?.rule as {
        readonly trust?: { readonly ratios: tf.Tensor; readonly weightNorms: tf.Tensor; readonly gradNorms: tf.Tensor };
      } | null
    )?.trust;
    const watched = trust ? [trust.ratios, trust.weightNorms, trust.gradNorms] : [];
    const read: Float32Array[] = [];
    for (const tensor of [...params.map(({ variable }) => variable), ...watched])
      read.push(Float32Array.from(await tensor.data()));
    all.push(read);
    optimizer.dispose();
    for (const { variable } of params) variable.dispose();
  }
  return all;
}

function makeParams(): readonly Param[] {
  return Object.entries(SHAPES).map(([name, shape], i) => {
    const [layer, role] = name.split("/") as [string, string];
    const value = layer === "zero" ? tf.zeros([...shape]) : tf.tensor(numbers(input(shape), i), [...shape]);
    const variable = tf.variable(value);
    value.dispose();
    return { name, layer, role, shape, unitAxes: [shape.length - 1], variable };
  });
}

function gradients(step: number, scale: number): { [name: string]: tf.Tensor } {
  return Object.fromEntries(
    Object.entries(SHAPES).map(([name, shape], i) => {
      if (name.startsWith("still")) return [name, tf.zeros([...shape])];
      return [
        name,
        tf.tensor(
          numbers(input(shape), 100 * step + i + 50).map((x) => x * scale),
          [...shape],
        ),
      ];
    }),
  );
}

function input(shape: readonly number[]): Input {
  return { kind: "any", shape };
}

/** Every rule on `backend` against cpu, by its fused kernel where there is one. Leaves `backend` current. */
export async function compareRules(backend: string): Promise<{ rows: readonly Row[]; leaked: number }> {
  await tf.setBackend("cpu");
  const before = tf.memory().numTensors;
  const want = await results();
  await tf.setBackend(backend);
  const got = await results();
  const rows = ruleCases.map(({ name }, c) => ({
    name,
    error: Math.max(...(want[c] ?? []).map((reference, i) => disagreement(got[c]?.[i] ?? [], reference))),
  }));
  return { rows, leaked: tf.memory().numTensors - before };
}

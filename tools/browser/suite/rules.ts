import * as tf from "@tensorflow/tfjs-core";
import { type AnyRule, adam, adamw, HookedOptimizer, type Param, sgd } from "../../../packages/core/src/index.ts";
import { lamb, lambc, larsMomentum, trustStates } from "../../../packages/lars/src/index.ts";
import { disagreement, type Input, numbers } from "./numbers.ts";
import type { Row } from "./ops.ts";

/** Parameters by name, with their shapes: odd sizes, a single value, one that starts at zero, one without gradient. */
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
  /** Replaces one number of one gradient from the second step on. @default none */
  readonly poison?: number;
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
  ...[Number.NaN, Number.POSITIVE_INFINITY].flatMap((poison): readonly RuleCase[] =>
    [
      ...(["paper", "larc"] as const).map((dialect) => ({
        name: `lars ${dialect}`,
        rule: () => larsMomentum({ dialect, momentum: 0.9, ...decays }),
      })),
      {
        name: "lars by layer, clamped",
        rule: () => larsMomentum({ granularity: "layer", minRatio: 0.01, maxRatio: 0.04, ...decays }),
      },
      { name: "lamb", rule: () => lamb() },
      { name: "lamb clipped", rule: () => lamb({ maxGradNorm: 1 }) },
    ].map(({ name, rule }) => ({ name: `${name}, a gradient of ${poison}`, rule, poison })),
  ),
  { name: "lamb", rule: () => lamb() },
  { name: "lamb clipped", rule: () => lamb({ maxGradNorm: 1, zeroNorm: "one" }) },
  { name: "lambc", rule: () => lambc({ granularity: "layer" }) },
];

const STEPS = 4;

/** Result of a rule: weights, then ratios and norms if it has them, and the number of steps that a fused kernel took. */
interface Result {
  readonly values: readonly Float32Array[];
  readonly fused: number;
}

/** Takes four steps of each rule. The rate is halved after the second. */
async function results(cases: readonly RuleCase[]): Promise<readonly Result[]> {
  const all: Result[] = [];
  for (const { name, rule: make, scale = 1, poison } of cases) {
    const params = makeParams();
    const { rule, fused } = counted(make());
    const optimizer = new HookedOptimizer({ params, rule, learningRate: (step) => (step < 2 ? 0.1 : 0.05) });
    for (let step = 0; step < STEPS; step++) {
      tf.tidy(() => optimizer.applyNamed(gradients(step, scale, step > 0 ? poison : undefined)));
    }
    const [trust] = trustStates(optimizer);
    if ((trust !== undefined) !== /^la/.test(name))
      throw new Error(`${name}: ${trust ? "has" : "lacks"} trust ratios.`);
    const watched = trust ? [trust.ratios, trust.weightNorms, trust.gradNorms] : [];
    const values: Float32Array[] = [];
    for (const tensor of [...params.map(({ variable }) => variable), ...watched])
      values.push(Float32Array.from(await tensor.data()));
    all.push({ values, fused: fused() });
    optimizer.dispose();
    for (const { variable } of params) variable.dispose();
  }
  return all;
}

/** Wraps a rule to count the steps that a fused kernel takes. */
function counted(rule: AnyRule): { readonly rule: AnyRule; fused(): number } {
  let fused = 0;
  const applyFused: AnyRule["applyFused"] = (...args) => {
    const done = rule.applyFused?.(...args);
    if (done) fused += 1;
    return done;
  };
  return { rule: { ...rule, applyFused }, fused: () => fused };
}

export function makeParams(): readonly Param[] {
  return Object.entries(SHAPES).map(([name, shape], i) => {
    const [layer, role] = name.split("/") as [string, string];
    const value = layer === "zero" ? tf.zeros([...shape]) : tf.tensor(numbers(input(shape), i), [...shape]);
    const variable = tf.variable(value);
    value.dispose();
    return { name, layer, role, shape, unitAxes: [shape.length - 1], variable };
  });
}

export function gradients(step: number, scale: number, poison: number | undefined): { [name: string]: tf.Tensor } {
  return Object.fromEntries(
    Object.entries(SHAPES).map(([name, shape], i) => {
      if (name.startsWith("still")) return [name, tf.zeros([...shape])];
      return [
        name,
        tf.tensor(
          numbers(input(shape), 100 * step + i + 50).map((x, k) =>
            poison !== undefined && name === "b/kernel" && k === 3 ? poison : x * scale,
          ),
          [...shape],
        ),
      ];
    }),
  );
}

function input(shape: readonly number[]): Input {
  return { kind: "any", shape };
}

/**
 * Compares every rule on `backend` with cpu, which has no fused kernels. Leaves `backend` current.
 *
 * @param only pattern for the names of the rules to compare. @default all rules
 * @returns the differences in `rows`. `composed` lists rules that took a step without a fused kernel, so that their rows prove
 * nothing about the kernel.
 */
export async function compareRules(backend: string, only = /^/): Promise<RuleReport> {
  const cases = ruleCases.filter(({ name }) => only.test(name));
  await tf.setBackend("cpu");
  const before = tf.memory().numTensors;
  const want = await results(cases);
  await tf.setBackend(backend);
  const got = await results(cases);
  const rows = cases.map(({ name }, c) => ({
    name,
    error: Math.max(...(want[c]?.values ?? []).map((reference, i) => disagreement(got[c]?.values[i] ?? [], reference))),
  }));
  const composed = cases.filter((_, c) => got[c]?.fused !== STEPS).map(({ name }) => name);
  return { rows, composed, leaked: tf.memory().numTensors - before };
}

export interface RuleReport {
  readonly rows: readonly Row[];
  readonly composed: readonly string[];
  readonly leaked: number;
}

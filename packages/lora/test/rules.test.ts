import { adam, type AnyHook, type AnyRule, HookedOptimizer, masked, sgd } from "@graftjs/core";
import { agc } from "@graftjs/gradient-surgery";
import { lamb, lars, larsMomentum } from "@graftjs/lars";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import "@tensorflow/tfjs-backend-cpu";
import { beforeAll, expect, it } from "vitest";
import { lora } from "../src/index.ts";

beforeAll(() => tf.setBackend("cpu"));

/** How a case trains. */
interface Case {
  readonly rule: AnyRule;
  readonly hooks?: readonly AnyHook[];
  readonly rate: number;
}

const heavy = sgd({ momentum: 0.9 });
const cases: Readonly<Record<string, Case>> = {
  "lars, paper": { rule: heavy, hooks: [lars({ dialect: "paper" })], rate: 10 },
  "lars, torch": { rule: heavy, hooks: [lars({ dialect: "torch" })], rate: 10 },
  "lars, larc": { rule: heavy, hooks: [lars({ dialect: "larc" })], rate: 1 },
  "lars, optax": { rule: heavy, hooks: [lars({ dialect: "optax" })], rate: 10 },
  "lars, tf-classic": { rule: heavy, hooks: [lars({ dialect: "tf-classic" })], rate: 10 },
  // It divides by the norm of the velocity, so momentum does not lengthen its steps.
  "lars, tf-popular": { rule: larsMomentum({ dialect: "tf-popular" }), rate: 50 },
  lamb: { rule: lamb(), rate: 0.05 },
  "agc and adam": { rule: adam(), hooks: [agc()], rate: 0.01 },
  "agc and sgd, which must leave b out": {
    rule: sgd(),
    hooks: [masked(agc(), ["role:lora_a"])],
    rate: 0.1,
  },
};

function setUp() {
  const glorot = (seed: number) => tfl.initializers.glorotUniform({ seed });
  const model = tfl.sequential({
    layers: [
      tfl.layers.dense({ units: 16, activation: "tanh", inputShape: [8], name: "body", kernelInitializer: glorot(1) }),
      tfl.layers.dense({ units: 2, name: "head", kernelInitializer: glorot(2) }),
    ],
  });
  const x = tf.randomNormal<tf.Rank.R2>([64, 8], 0, 1, "float32", 3);
  const y = tf.tanh(tf.matMul(x, tf.randomNormal<tf.Rank.R2>([8, 2], 0, 1, "float32", 4)));
  const { added } = lora({ rank: 4 }).apply(model);
  const loss = (): tf.Scalar => tf.mean(tf.square(tf.sub(model.apply(x) as tf.Tensor, y)));
  const now = (): number => tf.tidy(() => loss().dataSync()[0] as number);
  return { added, loss, now };
}

it.each(Object.entries(cases))(
  "%s: b starts at 0, and neither stays there nor jumps",
  (_, { rule, hooks = [], rate }) => {
    const { added, loss, now } = setUp();
    const optimizer = new HookedOptimizer({ params: added, rule, hooks: [...hooks], learningRate: rate });
    const start = now();
    const b = added.find(({ role }) => role === "lora_b")?.variable as tf.Variable;
    optimizer.minimize(loss);
    expect(Math.max(...b.dataSync().map(Math.abs))).toBeGreaterThan(0);
    expect(now()).toBeLessThan(1.05 * start);
    for (let step = 1; step < 100; step++) optimizer.minimize(loss);
    expect(now()).toBeLessThan(0.5 * start);
  },
);

it("LoRA+: a higher rate for b is a multiplier of its role", () => {
  const stepOf = (factor: number): number[] => {
    const { added, loss } = setUp();
    const optimizer = new HookedOptimizer({
      params: added,
      rule: sgd(),
      learningRate: 0.01,
      rateMultipliers: [{ params: "role:lora_b", factor }],
    });
    optimizer.minimize(loss);
    return [...(added.find(({ role }) => role === "lora_b")?.variable.dataSync() ?? [])];
  };
  expect(stepOf(16)).toEqual(stepOf(1).map((value) => expect.closeTo(16 * value, 6)));
});

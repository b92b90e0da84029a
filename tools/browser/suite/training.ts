import * as tf from "@tensorflow/tfjs-core";
import {
  type AnyHook,
  type AnyRule,
  adamw,
  HookedOptimizer,
  type LayersLike,
  namedParams,
  sgd,
} from "../../../packages/core/src/index.ts";
import { frozenBatchNorm } from "../../../packages/frozen-bn/src/index.ts";
import { clipByGlobalNorm } from "../../../packages/gradient-surgery/src/index.ts";
import { lamb, lars, larsMomentum } from "../../../packages/lars/src/index.ts";
import { convNet, type Net, nets, tokenNet } from "./nets.ts";
import { disagreement } from "./numbers.ts";
import type { Row } from "./ops.ts";

/** Additions of a package to a fine-tuning run. */
interface Recipe {
  readonly name: string;
  readonly net: () => Net;
  readonly rule: () => AnyRule;
  readonly hooks?: () => readonly AnyHook[];
  readonly frozen?: boolean;
  readonly learningRate: number;
}

/** One run for each package that trains. */
const recipes: readonly Recipe[] = [
  { name: "core: sgd", net: convNet, rule: () => sgd({ momentum: 0.9 }), learningRate: 0.01 },
  { name: "core: adamw", net: tokenNet, rule: () => adamw(), learningRate: 1e-3 },
  { name: "frozen-bn", net: convNet, rule: () => sgd({ momentum: 0.9 }), frozen: true, learningRate: 0.01 },
  {
    name: "lars: hook",
    net: convNet,
    rule: () => sgd({ momentum: 0.9 }),
    hooks: () => [lars({ trustCoefficient: 0.02 })],
    learningRate: 0.1,
  },
  {
    name: "lars: rule",
    net: convNet,
    rule: () => larsMomentum({ trustCoefficient: 0.02 }),
    frozen: true,
    learningRate: 0.1,
  },
  { name: "lars: lamb", net: tokenNet, rule: () => lamb(), learningRate: 2e-3 },
  {
    name: "gradient-surgery",
    net: convNet,
    rule: () => sgd({ momentum: 0.9 }),
    hooks: () => [clipByGlobalNorm({ norm: 0.5 })],
    learningRate: 0.02,
  },
];

/** Computes gradients of whole nets: [net][parameter]. */
async function gradients(): Promise<readonly (readonly Float32Array[])[]> {
  const all: Float32Array[][] = [];
  for (const make of nets) {
    const net = make();
    const variables = namedParams(net.model as unknown as LayersLike).map(({ variable }) => variable);
    const { value, grads } = tf.variableGrads(net.loss, variables);
    all.push(await read([value, ...variables.map(({ name }) => grads[name] as tf.Tensor)]));
    tf.dispose([value, ...Object.values(grads)]);
    net.dispose();
  }
  return all;
}

/** Returns all weights after `steps` steps of each recipe, moving statistics too. After 0 steps, returns the initial ones. */
async function weights(steps: number): Promise<readonly (readonly Float32Array[])[]> {
  const all: Float32Array[][] = [];
  for (const { net: make, rule, hooks, frozen, learningRate } of recipes) {
    const net = make();
    const patch = frozen ? frozenBatchNorm().apply(net.model as never) : undefined;
    const params = namedParams(net.model as unknown as LayersLike);
    const optimizer = new HookedOptimizer({ params, rule: rule(), hooks: hooks?.() ?? [], learningRate });
    for (let step = 0; step < steps; step++) tf.tidy(() => void optimizer.minimize(net.loss));
    all.push(await read(net.model.getWeights()));
    optimizer.dispose();
    patch?.restore();
    net.dispose();
  }
  return all;
}

async function read(tensors: readonly tf.Tensor[]): Promise<Float32Array[]> {
  const all: Float32Array[] = [];
  for (const tensor of tensors) all.push(Float32Array.from(await tensor.data()));
  return all;
}

function worst(got: readonly Float32Array[], want: readonly Float32Array[]): number {
  // Use one scale for the whole net, so that a bias whose gradient is pure rounding does not decide.
  return disagreement(
    got.flatMap((part) => [...part]),
    want.flatMap((part) => [...part]),
  );
}

/** Compares gradients of nets, and weights after `steps` steps of fine-tuning, on `backend` with cpu. Leaves `backend` current. */
export async function compareTraining(
  backend: string,
  steps: number,
): Promise<{ gradients: readonly Row[]; weights: readonly (Row & { readonly moved: number })[]; leaked: number }> {
  await tf.setBackend("cpu");
  const before = tf.memory().numTensors;
  const start = await weights(0);
  const [wantGradients, wantWeights] = [await gradients(), await weights(steps)];
  await tf.setBackend(backend);
  const [gotGradients, gotWeights] = [await gradients(), await weights(steps)];
  const names = ["conv net", "recurrent net", "token net"];
  return {
    gradients: names.map((name, i) => ({ name, error: worst(gotGradients[i] ?? [], wantGradients[i] ?? []) })),
    weights: recipes.map(({ name }, i) => ({
      name,
      error: worst(gotWeights[i] ?? [], wantWeights[i] ?? []),
      // How much training has changed, because agreement of unchanged weights would prove nothing.
      moved: worst(start[i] ?? [], wantWeights[i] ?? []),
    })),
    leaked: tf.memory().numTensors - before,
  };
}

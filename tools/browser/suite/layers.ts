import * as tf from "@tensorflow/tfjs-core";
import type * as layers from "@tensorflow/tfjs-layers";
import { sgd } from "../../../packages/core/src/index.ts";
import { fineTune } from "../../../packages/tuner/src/index.ts";
import { type InputSpec, LAYER_CASES, type LayerCase } from "./layer-cases.ts";
import { disagreement, numbers, random } from "./numbers.ts";
import type { Row } from "./ops.ts";

const EXAMPLES = 10;
const RUN = { loss: "meanSquaredError", epochs: 2, batchSize: 4, shuffle: false } as const;
const LEARNING_RATE = 0.02;

/** The trained part: all layers, or the head behind frozen layers, whose outputs are cached. */
const PARTS = { all: "all", head: "head/**" } as const;
type Part = keyof typeof PARTS;

/** The losses of a run, and all weights after it. */
type Outcome = readonly number[];

/** Gives every weight fixed values, because two builds of a net have different initial ones. */
function withFixedWeights({ build }: LayerCase): layers.LayersModel {
  const model = build();
  model.weights.forEach((weight, i) => {
    const shape = weight.shape as number[];
    const next = random(i + 1);
    const isVariance = weight.name.includes("variance");
    const values = Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () =>
      isVariance ? 0.5 + next() : next() - 0.5,
    );
    tf.tidy(() => {
      weight.write(tf.tensor(values, shape));
    });
  });
  return model;
}

function inputOf({ shape, below, dtype }: InputSpec, seed: number): tf.Tensor {
  const full = [EXAMPLES, ...shape];
  if (below === undefined) return tf.tensor(numbers({ kind: "unit", shape: full }, seed), full);
  const next = random(seed);
  return tf.tensor(
    Float32Array.from({ length: tf.util.sizeFromShape(full) }, () => Math.floor(next() * below)),
    full,
    dtype ?? "float32",
  );
}

const inputsOf = ({ inputs }: LayerCase): tf.Tensor[] => inputs.map((spec, i) => inputOf(spec, 5 + i));
const labels = (): tf.Tensor => tf.tensor(numbers({ kind: "unit", shape: [EXAMPLES, 2] }, 77), [EXAMPLES, 2]);

async function weightsOf(model: layers.LayersModel): Promise<number[]> {
  const all: number[] = [];
  for (const weight of model.getWeights()) all.push(...(await weight.data()));
  return all;
}

/** Trains with Graft on the current backend. */
async function tuned(net: LayerCase, part: Part): Promise<Outcome> {
  const model = withFixedWeights(net);
  const [xs, ys] = [inputsOf(net), labels()];
  const { history, restore } = await fineTune(model, {
    ...RUN,
    data: { xs: xs.length > 1 ? xs : (xs[0] as tf.Tensor), ys },
    trainable: PARTS[part],
    rule: sgd(),
    learningRate: LEARNING_RATE,
  });
  restore();
  const outcome = [...history.loss, ...(await weightsOf(model))];
  // A model's own dispose keeps layers that it calls twice.
  tf.dispose([xs, ys, model.weights.map((weight) => weight.read())]);
  return outcome;
}

/** Trains with `fit` of stock tfjs on the current backend. */
async function stock(net: LayerCase, part: Part): Promise<Outcome> {
  const model = withFixedWeights(net);
  if (part === "head") for (const layer of model.layers) layer.trainable = layer.name === "head";
  model.compile({ optimizer: tf.train.sgd(LEARNING_RATE), loss: RUN.loss });
  const { epochs, batchSize, shuffle } = RUN;
  const xs = inputsOf(net);
  const { history } = await model.fit(xs.length > 1 ? xs : (xs[0] as tf.Tensor), labels(), {
    epochs,
    batchSize,
    shuffle,
    verbose: 0,
  });
  // The order of the weights depends on these flags.
  for (const layer of model.layers) layer.trainable = true;
  return [...(history.loss as number[]), ...(await weightsOf(model))];
}

/** Names every run of the sweep. With `every: 3`, a fixed third of them. */
function runs(every: number): readonly (readonly [name: string, net: LayerCase, part: Part])[] {
  return Object.entries(LAYER_CASES)
    .flatMap(([name, net]) => (Object.keys(PARTS) as Part[]).map((part) => [`${name}, ${part}`, net, part] as const))
    .filter((_, i) => i % every === 0);
}

/**
 * Trains a net of each kind of layer with `fineTune`, on `backend` and on cpu, and compares losses and weights. Leaves `backend` current.
 *
 * @param every runs only each n-th net. An odd number picks both ways of training. Default: 1.
 */
export async function compareLayers(
  backend: string,
  every = 1,
): Promise<{ readonly rows: readonly Row[]; readonly leaked: number }> {
  const before = tf.memory().numTensors;
  const rows: Row[] = [];
  for (const [name, net, part] of runs(every)) {
    await tf.setBackend("cpu");
    const want = await tuned(net, part);
    await tf.setBackend(backend);
    rows.push({ name, error: disagreement(await tuned(net, part), want) });
  }
  return { rows, leaked: tf.memory().numTensors - before };
}

/** Compares `fineTune` with stock `fit`, both on cpu. A net that stock cannot train has the error null. */
export async function compareWithStock(every = 1): Promise<readonly Row[]> {
  const rows: Row[] = [];
  await tf.setBackend("cpu");
  for (const [name, net, part] of runs(every)) {
    const got = await tuned(net, part);
    try {
      rows.push({ name, error: disagreement(got, await stock(net, part)) });
    } catch {
      rows.push({ name, error: null });
    }
  }
  return rows;
}

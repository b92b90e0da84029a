import { HookedOptimizer, namedParams, type Param, sgd, taskTrainer } from "@graftjs/core";
import {
  conflictReport,
  exampleMemory,
  fisherInformation,
  type GradientConflicts,
  readWeights,
  wiseFt,
} from "@graftjs/gradient-surgery";
import * as tf from "@tensorflow/tfjs-core";
import { batch, type Digits, type images, split } from "./data.ts";
import { type Method, methods } from "./methods.ts";
import { accuracy, loss, network, restore } from "./model.ts";

/** The accuracies of a method on new and old digits. */
export interface Score {
  readonly method: string;
  readonly new: number;
  readonly old: number;
  readonly seconds: number;
}

/** Numbers of training steps, and of test images per digit. */
export interface Lengths {
  readonly pretrain: number;
  readonly tune: number;
  readonly test: number;
}

const [OLD, NEW] = [
  [0, 1, 2, 3, 4],
  [5, 6, 7, 8, 9],
];
const [RATE, BATCH, REMEMBERED] = [0.1, 32, 100];

/** Trains a net on 0 to 4, then lets each method learn 5 to 9 from 100 images each. Returns their accuracies. */
export async function continual(
  all: ReturnType<typeof images>,
  seed: number,
  lengths: Lengths,
): Promise<{ scores: Score[]; conflicts: GradientConflicts }> {
  const old = split(all, OLD, { train: 400, test: lengths.test, seed });
  const fresh = split(all, NEW, { train: 100, test: lengths.test, seed });
  const model = network(seed);
  const params = namedParams(model);
  await fit(params, lengths.pretrain, (step) => ({ old: loss(model, () => batch(old.train, BATCH, step)) }), {
    name: "pretrain",
  });
  const reference = await readWeights(params);
  const memory = exampleMemory({ capacity: REMEMBERED, seed });
  await memory.add(old.train.xs, old.train.ys);
  const fisher = await fisherInformation({ params, losses: exampleLosses(model, old.train, 100) });

  const losses = (step: number) => ({
    new: loss(model, () => batch(fresh.train, BATCH, step)),
    memory: loss(model, () => memory.sample(BATCH, step) as Digits),
  });
  const scores: Score[] = [];
  for (const method of methods(reference, fisher)) {
    restore(params, reference);
    const seconds = await fit(params, lengths.tune, losses, method);
    if (method.slider !== undefined) {
      const slider = wiseFt(params, reference);
      slider.set(method.slider);
      slider.dispose();
    }
    const score = { new: await accuracy(model, fresh.test), old: await accuracy(model, old.test) };
    scores.push({ method: method.name, ...score, seconds });
  }
  restore(params, reference);
  const { "": conflicts } = await conflictReport({ params, losses: losses(0) });
  for (const { train, test } of [old, fresh]) tf.dispose([train.xs, train.ys, test.xs, test.ys]);
  model.dispose();
  return { scores, conflicts: conflicts as GradientConflicts };
}

/** Takes `steps` steps: on both tasks if there is a combiner, otherwise on the first. Returns the seconds. */
async function fit(
  params: readonly Param[],
  steps: number,
  losses: (step: number) => Parameters<ReturnType<typeof taskTrainer>["step"]>[0],
  { combiner, hooks = [], rule = sgd() }: Method,
): Promise<number> {
  const optimizer = new HookedOptimizer({ params, hooks, rule, learningRate: RATE });
  const trainer = combiner && taskTrainer({ optimizer, combiner });
  const start = performance.now();
  for (let step = 0; step < steps; step++) {
    const stepLosses = losses(step);
    if (trainer) tf.dispose((await trainer.step(stepLosses)) as tf.NamedTensorMap);
    else optimizer.minimize(Object.values(stepLosses)[0] as () => tf.Scalar, false);
  }
  await params[0]?.variable.data();
  trainer?.dispose();
  optimizer.dispose();
  return (performance.now() - start) / 1000;
}

function exampleLosses(model: Parameters<typeof loss>[0], data: Digits, count: number): (() => tf.Scalar)[] {
  return Array.from({ length: count }, (_, i) => loss(model, () => batch(data, 1, i)));
}

import { type AnyCombiner, HookedOptimizer, namedParams, sgd, taskTrainer } from "@graftjs/core";
import { conflictReport, type GradientConflicts, meanGradient, mgda, pcgrad, upgrad } from "@graftjs/gradient-surgery";
import * as tf from "@tensorflow/tfjs-core";
import { batch, type Digits, type images, split } from "./data.ts";
import { accuracy, loss, network } from "./model.ts";

/** The accuracies of a method on the domains. */
export interface DomainScore {
  readonly method: string;
  readonly domains: { readonly [domain: string]: number };
  readonly seconds: number;
}

const [RATE, BATCH] = [0.1, 32];

/** Three domains for one net: plain, negative and mirrored digits. */
const DOMAINS: { readonly [domain: string]: (xs: tf.Tensor2D) => tf.Tensor2D } = {
  plain: (xs) => xs,
  negative: (xs) => tf.sub(1, xs),
  mirrored: (xs) => tf.reshape(tf.reverse(tf.reshape(xs, [-1, 28, 28]), 2), [-1, 784]),
};

/** Trains a net per method from scratch on all three domains, with one task per domain. */
export async function domains(
  all: ReturnType<typeof images>,
  seed: number,
  { steps, test }: { readonly steps: number; readonly test: number },
): Promise<{ scores: DomainScore[]; conflicts: GradientConflicts }> {
  const labels = Array.from({ length: 10 }, (_, label) => label);
  const data = split(all, labels, { train: 100, test, seed });
  const inDomain = (make: (xs: tf.Tensor2D) => tf.Tensor2D, { xs, ys }: Digits): Digits => ({
    xs: tf.tidy(() => tf.clone(make(xs))),
    ys,
  });
  const combiners: { readonly [name: string]: () => AnyCombiner } = {
    mean: () => meanGradient(),
    pcgrad: () => pcgrad({ reduction: "mean" }),
    upgrad: () => upgrad(),
    mgda: () => mgda(),
  };
  const scores: DomainScore[] = [];
  let conflicts: GradientConflicts | undefined;
  for (const [method, combiner] of Object.entries(combiners)) {
    const model = network(seed);
    const params = namedParams(model);
    const optimizer = new HookedOptimizer({ params, rule: sgd(), learningRate: RATE });
    const trainer = taskTrainer({ optimizer, combiner: combiner() });
    const losses = (step: number) =>
      Object.fromEntries(
        Object.entries(DOMAINS).map(([name, make]) => [
          name,
          loss(model, () => inDomain(make, batch(data.train, BATCH, step))),
        ]),
      );
    const start = performance.now();
    for (let step = 0; step < steps; step++) tf.dispose((await trainer.step(losses(step))) as tf.NamedTensorMap);
    const seconds = (performance.now() - start) / 1000;
    const reached: Record<string, number> = {};
    for (const [name, make] of Object.entries(DOMAINS)) {
      const changed = inDomain(make, data.test);
      reached[name] = await accuracy(model, changed);
      changed.xs.dispose();
    }
    scores.push({ method, domains: reached, seconds });
    if (method === "mean") conflicts = (await conflictReport({ params, losses: losses(0) }))[""];
    trainer.dispose();
    optimizer.dispose();
    model.dispose();
  }
  tf.dispose([data.train.xs, data.train.ys, data.test.xs, data.test.ys]);
  return { scores, conflicts: conflicts as GradientConflicts };
}

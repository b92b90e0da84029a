import * as tf from "@tensorflow/tfjs-core";
import { type Method, methods } from "../../../../examples/gradient-surgery/methods.ts";
import { loss, network, restore } from "../../../../examples/gradient-surgery/model.ts";
import { HookedOptimizer, namedParams, sgd, taskTrainer } from "../../../../packages/core/src/index.ts";
import { fisherInformation, readWeights } from "../../../../packages/gradient-surgery/src/index.ts";
import { type Blobs, floats } from "../../blobs.ts";
import { type Example, STEPS, type Trained, valuesOf } from "./example.ts";

const BATCH = 8;
const REMEMBERED = 8;
const RATE = 0.1;
/** Methods that are left out, because their weights follow from steps that another method takes too. */
const REPEATS: readonly string[] = ["new digits alone", "wise-ft 0.5"];

interface Digits {
  readonly xs: tf.Tensor2D;
  readonly ys: tf.Tensor2D;
}

/**
 * `examples/gradient-surgery`: a net that was trained on 0 to 4 learns 5 to 9, with each of the example's methods. Each method
 * takes twenty steps from the same weights.
 */
export const gradientSurgery: Example = {
  name: "gradient-surgery",
  async run(blobs: Blobs): Promise<Trained> {
    const [old, fresh] = [digits(blobs, "old"), digits(blobs, "new")];
    const model = network(1);
    const params = namedParams(model);
    const reference = await readWeights(params);
    const singly = Array.from({ length: REMEMBERED }, (_, i) => loss(model, () => batch(old, 1, i)));
    const fisher = await fisherInformation({ params, losses: singly });
    const losses = (step: number) => ({
      new: loss(model, () => batch(fresh, BATCH, step)),
      memory: loss(model, () => batch(old, BATCH, step)),
    });
    const [before, after]: [number[], number[]] = [[], []];
    for (const method of methods(reference, fisher)) {
      if (REPEATS.includes(method.name)) continue;
      restore(params, reference);
      const variables = params.map(({ variable }) => variable);
      before.push(...(await valuesOf(variables)));
      await fit(params, method, losses);
      after.push(...(await valuesOf(variables)));
    }
    model.dispose();
    tf.dispose([old.xs, old.ys, fresh.xs, fresh.ys]);
    return { before: Float32Array.from(before), after: Float32Array.from(after) };
  },
};

async function fit(
  params: ReturnType<typeof namedParams>,
  { combiner, hooks = [], rule = sgd() }: Method,
  losses: (step: number) => { readonly new: () => tf.Scalar; readonly memory: () => tf.Scalar },
): Promise<void> {
  const optimizer = new HookedOptimizer({ params, hooks, rule, learningRate: RATE });
  const trainer = combiner && taskTrainer({ optimizer, combiner });
  for (let step = 0; step < STEPS; step++) {
    if (trainer) tf.dispose((await trainer.step(losses(step))) as tf.NamedTensorMap);
    else optimizer.minimize(losses(step).new, false);
  }
  trainer?.dispose();
  optimizer.dispose();
}

function digits(blobs: Blobs, which: "old" | "new"): Digits {
  const pixels = floats(blobs, `gradient-surgery/${which}/xs`);
  return {
    xs: tf.tensor2d(pixels, [pixels.length / 784, 784]),
    ys: tf.tensor2d(floats(blobs, `gradient-surgery/${which}/ys`), [pixels.length / 784, 10]),
  };
}

function batch({ xs, ys }: Digits, size: number, step: number): Digits {
  const at = (step * size) % xs.shape[0];
  return { xs: tf.slice(xs, [at, 0], [size, -1]), ys: tf.slice(ys, [at, 0], [size, -1]) };
}

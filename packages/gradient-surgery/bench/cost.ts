import {
  type AnyCombiner,
  disposeGradients,
  gradientDescent,
  HookedOptimizer,
  namedParams,
  namedWeights,
  type TaskLosses,
  taskGradients,
  taskTrainer,
} from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { mobileNetV2 } from "./mobilenet-v2.ts";

const SIZE = 96;
const BATCH = 8;
const ROUNDS = 3;

export interface Cost {
  readonly tasks: number;
  readonly parameters: number;
  readonly passesMs: number;
  readonly stepMs: number;
  /** Median over the rounds of whole step / m backward passes. */
  readonly ratio: number;
  /** Most bytes held beside the model at once after the passes, in sets of gradients. */
  readonly gradientSets: number;
}

/**
 * m backward passes and nothing else, and a whole step of the same m tasks (passes, combiner, plain descent), by turns on
 * one model: MobileNetV2 α 1, images of 96 × 96, batch 8 a task, batch norm at batch statistics.
 */
export async function cost(make: () => AnyCombiner, m: number): Promise<Cost> {
  const model = mobileNetV2(SIZE, 10);
  const params = namedParams(model);
  const statistics = namedWeights(model).flatMap(({ statistic, variable }) => (statistic ? [variable] : []));
  const x = Array.from({ length: m }, (_, i) => tf.randomUniform([BATCH, SIZE, SIZE, 3], 0, 1, "float32", i + 1));
  const y = tf.tidy(() => tf.oneHot(tf.tensor1d([0, 1, 2, 3, 4, 5, 6, 7], "int32"), 10));
  const losses: TaskLosses = Object.fromEntries(
    x.map((batch, i) => [
      `task ${i}`,
      () => tf.losses.softmaxCrossEntropy(y, model.apply(batch, { training: true }) as tf.Tensor) as tf.Scalar,
    ]),
  );
  const optimizer = new HookedOptimizer({ params, rule: gradientDescent(), learningRate: 1e-4 });
  let most = 0;
  const measured = <T>(result: T): T => {
    most = Math.max(most, tf.memory().numBytes);
    return result;
  };
  const combiner = make();
  const watched: AnyCombiner =
    "weigh" in combiner
      ? { ...combiner, weigh: (...args) => measured(combiner.weigh(...args)) }
      : { ...combiner, combine: (...args) => measured(combiner.combine(...args)) };
  const trainer = taskTrainer({ optimizer, combiner: watched, statistics });
  const idle = tf.memory().numBytes;
  const passes = async (): Promise<void> => {
    const found = taskGradients(params, losses, statistics);
    // What is timed ends when the device is done.
    await Object.values(found.values)[m - 1]?.data();
    disposeGradients(found);
  };
  const step = async (): Promise<void> => {
    const values = await trainer.step(losses);
    await params[0]?.variable.data();
    tf.dispose(values as tf.NamedTensorMap);
  };
  // Processor time of this process: the share of the machine that others take does not enter the ratio.
  const timed = async (turn: () => Promise<void>): Promise<number> => {
    const start = process.cpuUsage();
    await turn();
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  };
  await passes();
  await step();
  const [alone, whole]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    alone.push(await timed(passes));
    whole.push(await timed(step));
  }
  const parameters = params.reduce((sum, { variable }) => sum + variable.size, 0);
  const result = {
    tasks: m,
    parameters,
    passesMs: Math.round(median(alone)),
    stepMs: Math.round(median(whole)),
    ratio: Number(median(whole.map((ms, i) => ms / (alone[i] as number))).toFixed(3)),
    gradientSets: Number(((most - idle) / (4 * parameters)).toFixed(2)),
  };
  trainer.dispose();
  optimizer.dispose();
  tf.dispose([...x, y]);
  model.dispose();
  return result;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}

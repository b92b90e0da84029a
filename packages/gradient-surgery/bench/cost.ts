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

/** The cost of a step with a combiner. */
export interface Cost {
  readonly tasks: number;
  readonly parameters: number;
  /** Processor time of m backward passes. */
  readonly passesMs: number;
  /** Processor time of a whole step. */
  readonly stepMs: number;
  /** Whole step divided by m backward passes, median over the rounds. */
  readonly ratio: number;
  /** Peak of the bytes after the passes, without the model, in sets of gradients. */
  readonly gradientSets: number;
}

/**
 * Measures m backward passes, and a whole step of the same m tasks: passes, combiner and plain descent. They take turns on one
 * model: MobileNetV2 α 1 with images of 96 × 96, batch 8 per task, and batch norm by batch statistics.
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
  let peak = 0;
  const measured = <T>(result: T): T => {
    peak = Math.max(peak, tf.memory().numBytes);
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
    // The timed part ends when the device has finished.
    await Object.values(found.values)[m - 1]?.data();
    disposeGradients(found);
  };
  const step = async (): Promise<void> => {
    const values = await trainer.step(losses);
    await params[0]?.variable.data();
    tf.dispose(values as tf.NamedTensorMap);
  };
  // Processor time of this process does not include the time that other processes take.
  const timed = async (turn: () => Promise<void>): Promise<number> => {
    const start = process.cpuUsage();
    await turn();
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  };
  await passes();
  await step();
  const [passTimes, stepTimes]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    passTimes.push(await timed(passes));
    stepTimes.push(await timed(step));
  }
  const parameters = params.reduce((sum, { variable }) => sum + variable.size, 0);
  const result = {
    tasks: m,
    parameters,
    passesMs: Math.round(median(passTimes)),
    stepMs: Math.round(median(stepTimes)),
    ratio: Number(median(stepTimes.map((ms, i) => ms / (passTimes[i] as number))).toFixed(3)),
    gradientSets: Number(((peak - idle) / (4 * parameters)).toFixed(2)),
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

import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { HookedOptimizer, type LayersLike, namedParams, sgd } from "../../../packages/core/src/index.ts";
import { frozenBatchNorm, readStatistics } from "../../../packages/frozen-bn/src/index.ts";

/** Numbers of batch norm statistics that have changed in any bit, and the number of leaked tensors. */
export interface MovedStatistics {
  /** After `steps` steps with the patch frozen-bn. */
  readonly patched: number;
  /** After one step of stock tfjs with `trainable = false` on the layers. */
  readonly stock: number;
  readonly of: number;
  /** Tensors after the patched steps, minus tensors after the first of them. */
  readonly leaked: number;
}

/** Trains a net with a frozen batch norm on the current backend, with the patch and without. */
export async function movedStatistics(steps: number): Promise<MovedStatistics> {
  const x = tf.randomNormal([4, 3], 0, 1, "float32", 1);
  const y = tf.randomNormal([4, 1], 0, 1, "float32", 2);
  const moved = async (patched: boolean): Promise<[moved: number, of: number, leaked: number]> => {
    const model = net();
    model.getLayer("norm").trainable = false;
    if (patched) frozenBatchNorm().apply(model);
    const before = await readStatistics(model);
    const params = namedParams(model as unknown as LayersLike);
    const rule = sgd({ momentum: 0.9 });
    const optimizer = patched ? new HookedOptimizer({ params, rule, learningRate: 0.01 }) : tf.train.sgd(0.01);
    model.compile({ optimizer, loss: "meanSquaredError" });
    await model.trainOnBatch(x, y);
    const { numTensors } = tf.memory();
    for (let step = 1; step < (patched ? steps : 1); step++) await model.trainOnBatch(x, y);
    const leaked = tf.memory().numTensors - numTensors;
    const after = await readStatistics(model);
    const names = Object.keys(before);
    const count = names.filter((name) =>
      Array.from(before[name] ?? []).some((value, i) => !Object.is(value, after[name]?.[i])),
    ).length;
    optimizer.dispose();
    model.dispose();
    return [count, names.length, leaked];
  };
  const [patched, of, leaked] = await moved(true);
  const [stock] = await moved(false);
  tf.dispose([x, y]);
  return { patched, stock, of, leaked };
}

/** Makes a net with one batch norm between trained layers. It is small, because a software GPU needs 0.1 s per step of a larger net. */
function net(): tfl.Sequential {
  const seeded = { kernelInitializer: tfl.initializers.glorotNormal({ seed: 5 }) };
  return tfl.sequential({
    layers: [
      tfl.layers.dense({ inputShape: [3], units: 3, ...seeded }),
      tfl.layers.batchNormalization({
        name: "norm",
        movingMeanInitializer: tfl.initializers.randomNormal({ seed: 3 }),
        movingVarianceInitializer: tfl.initializers.randomUniform({ minval: 0.5, maxval: 2, seed: 4 }),
      }),
      tfl.layers.dense({ units: 1, ...seeded }),
    ],
  });
}

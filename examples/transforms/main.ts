// Trains one small net twice: with a constant rate, and with warm-up, cosine decay, accumulation and an averaged copy.
import "@tensorflow/tfjs-backend-cpu";
import { HookedOptimizer, namedParams, readStats, sgd } from "@graftjs/core";
import { accumulate, ema, gradientStats, swapInEma, warmupCosine } from "@graftjs/transforms";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";

await tf.setBackend("cpu");
const BATCHES = 120;

/** A noisy parabola: 16 points per batch, the same points in every run. */
function batch(index: number): { x: tf.Tensor2D; y: tf.Tensor2D } {
  const x = tf.randomUniform([16, 1], -1, 1, "float32", index + 1) as tf.Tensor2D;
  const noise = tf.randomNormal([16, 1], 0, 0.3, "float32", index + 1000);
  return { x, y: tf.add(tf.square(x), noise) as tf.Tensor2D };
}

function net(): tfl.Sequential {
  const kernelInitializer = tfl.initializers.glorotUniform({ seed: 3 });
  return tfl.sequential({
    layers: [
      tfl.layers.dense({ name: "hidden", units: 16, inputShape: [1], activation: "tanh", kernelInitializer }),
      tfl.layers.dense({ name: "head", units: 1, kernelInitializer }),
    ],
  });
}

/** Mean squared error on the parabola without noise. */
function testError(model: tfl.Sequential): number {
  return tf.tidy(() => {
    const x = tf.expandDims(tf.linspace(-1, 1, 101), 1);
    return tf.losses.meanSquaredError(tf.square(x), model.predict(x) as tf.Tensor).dataSync()[0] as number;
  });
}

function train(model: tfl.Sequential, optimizer: HookedOptimizer): void {
  for (let i = 0; i < BATCHES; i++) {
    const { x, y } = batch(i);
    optimizer.minimize(
      () => tf.losses.meanSquaredError(y, model.apply(x, { training: true }) as tf.Tensor) as tf.Scalar,
    );
    tf.dispose([x, y]);
  }
}

const plain = net();
train(plain, new HookedOptimizer({ params: namedParams(plain), rule: sgd({ momentum: 0.9 }), learningRate: 0.1 }));
console.log(`constant rate           test error ${testError(plain).toFixed(4)}`);

const model = net();
const optimizer = new HookedOptimizer({
  params: namedParams(model),
  // In this order: four batches make one step, the norms of that mean gradient are measured, the weights are averaged.
  hooks: [accumulate(4), gradientStats("raw"), ema({ decay: 0.8 })],
  rule: sgd({ momentum: 0.9 }),
  learningRate: warmupCosine({ peak: 0.3, warmupSteps: 3, totalSteps: BATCHES / 4 }),
});
train(model, optimizer);
console.log(`warm-up, cosine, 4 × 16 test error ${testError(model).toFixed(4)}`);
const restore = swapInEma(optimizer);
console.log(`the averaged weights    test error ${testError(model).toFixed(4)}`);
restore();
const stats = await readStats(optimizer);
console.log(`steps ${optimizer.step}, norm of the last gradient ${(stats["raw/gradient"] as number).toFixed(3)}`);

import * as tf from "@tensorflow/tfjs-core";
import { DILATED, withDilations } from "./dilated-gradients.ts";
import { gatherGradient, prodGradient } from "./gather-gradients.ts";
import { MISSING } from "./missing-gradients.ts";
import { AVERAGE_POOLS, dividedByElements } from "./pooling-gradients.ts";
import { RESIZES, resizeGradient } from "./resize.ts";

/** Makes a correct gradient from tfjs's own. */
type Correction = (stock: tf.GradFunc, kernelName: string) => tf.GradFunc;

/** The ops whose gradient is wrong in some case on some backend. */
const CORRECTIONS: Readonly<Record<string, Correction>> = {
  BatchMatMul: summedOverBatch,
  GatherV2: gatherGradient,
  Prod: prodGradient,
  ...Object.fromEntries(DILATED.map((kernelName) => [kernelName, withDilations])),
  ...Object.fromEntries(AVERAGE_POOLS.map((kernelName) => [kernelName, dividedByElements])),
  ...Object.fromEntries(RESIZES.map((kernelName) => [kernelName, resizeGradient])),
};

/** The registered corrections, and the number of runs that use them. tfjs has one table of gradients for all runs. */
const registered = new Map<string, { readonly stock: tf.GradConfig | undefined; readonly ours: tf.GradConfig }>();
let runs = 0;

/**
 * Corrects gradients of tfjs, and adds those that it lacks, while a run trains.
 *
 * @returns a function that restores tfjs's own when no other run needs the corrections.
 */
export function correctGradients(): () => void {
  runs++;
  for (const [kernelName, correction] of Object.entries(CORRECTIONS)) {
    const stock = tf.getGradient(kernelName);
    if (!stock || registered.get(kernelName)?.ours === stock) continue;
    const ours: tf.GradConfig = { ...stock, gradFunc: correction(stock.gradFunc, kernelName) };
    tf.unregisterGradient(kernelName);
    tf.registerGradient(ours);
    registered.set(kernelName, { stock, ours });
  }
  for (const [kernelName, gradient] of Object.entries(MISSING)) {
    if (tf.getGradient(kernelName)) continue;
    const ours: tf.GradConfig = { ...gradient, kernelName };
    tf.registerGradient(ours);
    registered.set(kernelName, { stock: undefined, ours });
  }
  return () => {
    runs--;
    if (runs > 0) return;
    for (const [kernelName, { stock, ours }] of registered) {
      // A backend may have replaced the gradient since. Its own is then left as it is.
      if (tf.getGradient(kernelName) !== ours) continue;
      tf.unregisterGradient(kernelName);
      if (stock) tf.registerGradient(stock);
    }
    registered.clear();
  };
}

/**
 * Sums the gradients of a product over the batch axes along which an input was repeated. tfjs's own have the shape of the output, and
 * throw: `[2, 3, 4] × [4, 5]` (tensorflow/tfjs#8721).
 */
function summedOverBatch(stock: tf.GradFunc): tf.GradFunc {
  return (dy, saved, attrs) => {
    const grads = stock(dy, saved, attrs) as { readonly a: () => tf.Tensor; readonly b: () => tf.Tensor };
    const [a, b] = saved as [tf.Tensor, tf.Tensor];
    return { a: () => summedTo(grads.a(), a.shape), b: () => summedTo(grads.b(), b.shape) };
  };
}

function summedTo(gradient: tf.Tensor, shape: number[]): tf.Tensor {
  if (tf.util.arraysEqual(gradient.shape, shape)) return gradient;
  const axes = tf.broadcast_util.getReductionAxes(shape, gradient.shape);
  return tf.reshape(tf.sum(gradient, axes), shape);
}

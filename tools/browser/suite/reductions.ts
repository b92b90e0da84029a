import * as tf from "@tensorflow/tfjs-core";
import { both, forward, type OpCase, of } from "./case.ts";

type One = tf.Tensor;

/** Reductions, products and losses. */
export const reductions: readonly OpCase[] = [
  both("sum", [of("any", 3, 4, 5)], (x) => tf.sum(x as One)),
  both("sum axis", [of("any", 3, 4, 5)], (x) => tf.sum(x as One, [0, 2])),
  both("sum wide", [of("any", 7, 300)], (x) => tf.sum(x as One, 0)),
  both("mean", [of("any", 3, 4, 5)], (x) => tf.mean(x as One, 1)),
  both("max", [of("spread", 3, 4, 5)], (x) => tf.max(x as One, 1)),
  both("min", [of("spread", 3, 4, 5)], (x) => tf.min(x as One, [0, 1])),
  // No gradient: tfjs-core computes it with chained methods, which it does not register by itself.
  forward("prod", [of("positive", 3, 4)], (x) => tf.prod(x as One, 1)),
  both("logSumExp", [of("any", 3, 7)], (x) => tf.logSumExp(x as One, 1)),
  both("norm", [of("any", 3, 7)], (x) => tf.norm(x as One, "euclidean")),
  both("moments", [of("any", 4, 6)], (x) => tf.moments(x as One, 0).variance),
  both("cumsum", [of("any", 3, 7)], (x) => tf.cumsum(x as One, 1)),
  forward("cumprod", [of("positive", 3, 7)], (x) => tf.cumprod(x as One, 1)),
  forward("argMax", [of("spread", 3, 7)], (x) => tf.argMax(x as One, 1)),
  forward("argMin", [of("spread", 3, 7)], (x) => tf.argMin(x as One, 0)),
  forward("all", [of("any", 3, 7)], (x) => tf.all(tf.greater(x as One, -1.5), 1)),
  forward("any", [of("any", 3, 7)], (x) => tf.any(tf.greater(x as One, 1.5), 1)),
  forward("topk", [of("spread", 3, 7)], (x) => tf.topk(x as One, 3).values),
  forward("bincount", [of("positive", 12)], (x) =>
    tf.bincount(tf.cast(x as tf.Tensor1D, "int32"), tf.ones([12]) as tf.Tensor1D, 4),
  ),
  both("softmax", [of("any", 4, 9)], (x) => tf.softmax(x as One)),
  both("logSoftmax", [of("any", 4, 9)], (x) => tf.logSoftmax(x as One)),
  both("matMul", [of("any", 5, 7), of("any", 7, 6)], (a, b) => tf.matMul(a as One, b as One)),
  both("matMul aᵀ", [of("any", 7, 5), of("any", 7, 6)], (a, b) => tf.matMul(a as One, b as One, true)),
  both("matMul bᵀ", [of("any", 5, 7), of("any", 6, 7)], (a, b) => tf.matMul(a as One, b as One, false, true)),
  both("matMul aᵀbᵀ", [of("any", 7, 5), of("any", 6, 7)], (a, b) => tf.matMul(a as One, b as One, true, true)),
  both("matMul batched", [of("any", 3, 5, 7), of("any", 3, 7, 6)], (a, b) => tf.matMul(a as One, b as One)),
  both("matMul vec4", [of("any", 32, 64), of("any", 64, 32)], (a, b) => tf.matMul(a as One, b as One)),
  both("matMul long", [of("any", 2, 515), of("any", 515, 3)], (a, b) => tf.matMul(a as One, b as One)),
  both("fused matMul relu", [of("any", 5, 7), of("any", 7, 6), of("any", 6)], (a, b, bias) =>
    tf.fused.matMul({ a: a as One, b: b as One, bias: bias as One, activation: "relu" }),
  ),
  both("outerProduct", [of("any", 5), of("any", 6)], (a, b) => tf.outerProduct(a as tf.Tensor1D, b as tf.Tensor1D)),
  forward("einsum", [of("any", 2, 3, 4), of("any", 2, 4, 5)], (a, b) => tf.einsum("bij,bjk->bik", a as One, b as One)),
  both("softmaxCrossEntropy", [of("any", 4, 5)], (x) =>
    tf.losses.softmaxCrossEntropy(tf.oneHot([1, 0, 4, 2], 5), x as One),
  ),
  both("sigmoidCrossEntropy", [of("any", 4, 5)], (x) =>
    tf.losses.sigmoidCrossEntropy(tf.cast(tf.oneHot([1, 0, 4, 2], 5), "float32"), x as One),
  ),
  both("meanSquaredError", [of("any", 4, 5), of("any", 4, 5)], (a, b) =>
    tf.losses.meanSquaredError(a as One, b as One),
  ),
  both("huberLoss", [of("spread", 4, 5)], (x) => tf.losses.huberLoss(tf.zeros([4, 5]), x as One)),
  both("absoluteDifference", [of("spread", 4, 5)], (x) => tf.losses.absoluteDifference(tf.zeros([4, 5]), x as One)),
  both("logLoss", [of("probability", 4, 5)], (x) =>
    tf.losses.logLoss(tf.cast(tf.oneHot([1, 0, 4, 2], 5), "float32"), x as One),
  ),
  both("hingeLoss", [of("spread", 4, 5)], (x) => tf.losses.hingeLoss(tf.ones([4, 5]), x as One)),
];

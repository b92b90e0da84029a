import * as tf from "@tensorflow/tfjs-core";
import { both, forward, type OpCase, of } from "./case.ts";
import type { Kind } from "./numbers.ts";

type Unary = (x: tf.Tensor) => tf.Tensor;
type Binary = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;

const SHAPE = [2, 3, 5] as const;

const smooth: readonly (readonly [string, Kind, Unary])[] = [
  ["abs", "spread", tf.abs],
  ["acos", "unit", tf.acos],
  ["acosh", "over1", tf.acosh],
  ["asin", "unit", tf.asin],
  ["asinh", "any", tf.asinh],
  ["atan", "any", tf.atan],
  ["atanh", "unit", tf.atanh],
  ["clipByValue", "spread", (x) => tf.clipByValue(x, -0.7, 0.9)],
  ["cos", "any", tf.cos],
  ["cosh", "any", tf.cosh],
  ["elu", "any", tf.elu],
  ["erf", "any", tf.erf],
  ["exp", "any", tf.exp],
  ["expm1", "any", tf.expm1],
  ["leakyRelu", "spread", (x) => tf.leakyRelu(x, 0.1)],
  ["log", "positive", tf.log],
  ["log1p", "positive", tf.log1p],
  ["logSigmoid", "any", tf.logSigmoid],
  ["neg", "any", tf.neg],
  ["reciprocal", "positive", tf.reciprocal],
  ["relu", "spread", tf.relu],
  ["relu6", "spread", (x) => tf.relu6(tf.mul(x, 4))],
  ["rsqrt", "positive", tf.rsqrt],
  ["selu", "any", tf.selu],
  ["sigmoid", "any", tf.sigmoid],
  ["sin", "any", tf.sin],
  ["sinh", "any", tf.sinh],
  ["softplus", "any", tf.softplus],
  ["sqrt", "positive", tf.sqrt],
  ["square", "any", tf.square],
  ["tan", "unit", tf.tan],
  ["tanh", "any", tf.tanh],
];

const flat: readonly (readonly [string, Kind, Unary])[] = [
  ["ceil", "any", tf.ceil],
  ["floor", "any", tf.floor],
  ["isFinite", "any", tf.isFinite],
  ["isNaN", "any", (x) => tf.isNaN(tf.log(x))],
  ["logicalNot", "any", (x) => tf.logicalNot(tf.greater(x, 0))],
  ["round", "any", tf.round],
  ["sign", "any", tf.sign],
  ["step", "spread", (x) => tf.step(x, 0.2)],
];

const pairs: readonly (readonly [string, Kind, Binary])[] = [
  ["add", "any", tf.add],
  ["atan2", "positive", tf.atan2],
  ["div", "positive", tf.div],
  ["maximum", "spread", tf.maximum],
  ["minimum", "spread", tf.minimum],
  ["mod", "positive", tf.mod],
  ["mul", "any", tf.mul],
  ["pow", "positive", tf.pow],
  ["squaredDifference", "any", tf.squaredDifference],
  ["sub", "any", tf.sub],
];

const comparisons: readonly (readonly [string, Binary])[] = [
  ["equal", tf.equal],
  ["greater", tf.greater],
  ["greaterEqual", tf.greaterEqual],
  ["less", tf.less],
  ["lessEqual", tf.lessEqual],
  ["notEqual", tf.notEqual],
];

export const elementwise: readonly OpCase[] = [
  ...smooth.map(([name, kind, f]) => both(name, [of(kind, ...SHAPE)], f)),
  ...flat.map(([name, kind, f]) => forward(name, [of(kind, ...SHAPE)], f)),
  ...pairs.map(([name, kind, f]) =>
    both(name, [of(kind, ...SHAPE), of(kind, ...SHAPE)], (a, b) => f(a as tf.Tensor, b as tf.Tensor)),
  ),
  ...pairs
    .filter(([name]) => ["add", "sub", "mul", "div"].includes(name))
    .map(([name, , f]) =>
      both(`${name} broadcast`, [of("positive", ...SHAPE), of("positive", 3, 1)], (a, b) =>
        f(a as tf.Tensor, b as tf.Tensor),
      ),
    ),
  ...comparisons.map(([name, f]) =>
    forward(name, [of("any", ...SHAPE), of("any", ...SHAPE)], (a, b) =>
      f(tf.round(a as tf.Tensor), tf.round(b as tf.Tensor)),
    ),
  ),
  forward("floorDiv", [of("any", ...SHAPE), of("positive", ...SHAPE)], (a, b) =>
    tf.floorDiv(a as tf.Tensor, b as tf.Tensor),
  ),
  forward("divNoNan", [of("any", ...SHAPE), of("any", ...SHAPE)], (a, b) =>
    tf.divNoNan(a as tf.Tensor, tf.round(b as tf.Tensor)),
  ),
  forward("logicalAnd", [of("any", ...SHAPE), of("any", ...SHAPE)], (a, b) =>
    tf.logicalAnd(tf.greater(a as tf.Tensor, 0), tf.greater(b as tf.Tensor, 0)),
  ),
  forward("logicalOr", [of("any", ...SHAPE), of("any", ...SHAPE)], (a, b) =>
    tf.logicalOr(tf.greater(a as tf.Tensor, 0), tf.greater(b as tf.Tensor, 0)),
  ),
  both("where", [of("any", ...SHAPE), of("any", ...SHAPE)], (a, b) =>
    tf.where(tf.greater(tf.tensor([1, -1, 1, 1, -1]), 0), a as tf.Tensor, b as tf.Tensor),
  ),
  both("prelu", [of("spread", ...SHAPE), of("positive", ...SHAPE)], (a, b) => tf.prelu(a as tf.Tensor, b as tf.Tensor)),
  both("addN", [of("any", ...SHAPE), of("any", ...SHAPE), of("any", ...SHAPE)], (...all) => tf.addN(all)),
  both(
    "addN of 30",
    Array.from({ length: 30 }, () => of("any", 4)),
    (...all) => tf.addN(all),
  ),
  both("cast", [of("any", ...SHAPE)], (x) => tf.cast(x as tf.Tensor, "float32")),
  forward("cast int32", [of("any", ...SHAPE)], (x) => tf.cast(x as tf.Tensor, "int32")),
];

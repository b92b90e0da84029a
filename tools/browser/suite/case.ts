import type * as tf from "@tensorflow/tfjs-core";
import type { Input, Kind } from "./numbers.ts";

/** One op: its inputs, the computation, and whether gradients are compared too. */
export interface OpCase {
  readonly name: string;
  readonly inputs: readonly Input[];
  readonly gradient: boolean;
  run(...inputs: tf.Tensor[]): tf.Tensor | readonly tf.Tensor[];
}

type Run = OpCase["run"];

/** Makes a case with the gradient of each input. */
export function both(name: string, inputs: readonly Input[], run: Run): OpCase {
  return { name, inputs, gradient: true, run };
}

/** Makes a case without gradients, for ops that have none or whose gradients are zero by definition. */
export function forward(name: string, inputs: readonly Input[], run: Run): OpCase {
  return { name, inputs, gradient: false, run };
}

/** Makes an input. */
export function of(kind: Kind, ...shape: readonly number[]): Input {
  return { kind, shape };
}

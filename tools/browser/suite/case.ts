import type * as tf from "@tensorflow/tfjs-core";
import type { Input, Kind } from "./numbers.ts";

/** One op: what goes in, what is computed, and whether its gradient is compared too. */
export interface OpCase {
  readonly name: string;
  readonly inputs: readonly Input[];
  readonly gradient: boolean;
  run(...inputs: tf.Tensor[]): tf.Tensor | readonly tf.Tensor[];
}

type Run = OpCase["run"];

/** A case whose gradient with respect to each input is compared too. */
export function both(name: string, inputs: readonly Input[], run: Run): OpCase {
  return { name, inputs, gradient: true, run };
}

/** A case without a gradient, or whose gradient is zero by definition. */
export function forward(name: string, inputs: readonly Input[], run: Run): OpCase {
  return { name, inputs, gradient: false, run };
}

/** An input. */
export function of(kind: Kind, ...shape: readonly number[]): Input {
  return { kind, shape };
}

import type * as tf from "@tensorflow/tfjs-core";

/** One node of a converted graph. */
export interface GraphDefNode {
  readonly name: string;
  readonly op: string;
  readonly input?: readonly string[];
  readonly attr?: { readonly [name: string]: { readonly i?: number | string; readonly b?: boolean } | undefined };
}

/** As much of a `tf.GraphModel` as is used. `artifacts` is private to TypeScript only. */
export interface GraphModelLike {
  readonly inputs: readonly { readonly name: string; readonly shape?: readonly (number | null)[] }[];
  readonly outputs: readonly { readonly name: string; readonly shape?: readonly (number | null)[] }[];
  readonly weights: { [name: string]: tf.Tensor[] };
  execute(inputs: tf.NamedTensorMap, outputs: string[]): tf.Tensor | tf.Tensor[];
}

/** "^a", "a:1" → "a". */
export function nodeName(input: string): string {
  const bare = input.startsWith("^") ? input.slice(1) : input;
  const colon = bare.indexOf(":");
  return colon < 0 ? bare : bare.slice(0, colon);
}

/** Which of a node's outputs an input reads: "a:1" → 1. */
export function outputIndex(input: string): number {
  return Number(/:(\d+)$/.exec(input)?.[1] ?? 0);
}

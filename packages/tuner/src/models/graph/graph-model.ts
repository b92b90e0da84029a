import type * as tf from "@tensorflow/tfjs-core";

/** One node of a converted graph. */
export interface GraphDefNode {
  readonly name: string;
  readonly op: string;
  readonly input?: readonly string[];
  readonly attr?: { readonly [name: string]: { readonly i?: number | string; readonly b?: boolean } | undefined };
}

/** A placeholder. Its dtype is null if tfjs does not know the type. */
export interface GraphInput {
  readonly name: string;
  readonly shape?: readonly (number | null)[];
  readonly dtype?: tf.DataType | null;
}

/** The part of `tf.GraphModel` that Graft uses. (`artifacts` is private in TypeScript but exists at run time.) */
export interface GraphModelLike {
  readonly inputs: readonly GraphInput[];
  readonly outputs: readonly { readonly name: string; readonly shape?: readonly (number | null)[] }[];
  readonly weights: { [name: string]: tf.Tensor[] };
  execute(inputs: tf.NamedTensorMap, outputs: string[]): tf.Tensor | tf.Tensor[];
}

/** Returns the node's name from an input reference: "^a" and "a:1" both give "a". */
export function nodeName(input: string): string {
  const bare = input.startsWith("^") ? input.slice(1) : input;
  const colon = bare.indexOf(":");
  return colon < 0 ? bare : bare.slice(0, colon);
}

/** Returns the index of the output that an input reference reads: "a:1" gives 1, "a" gives 0. */
export function outputIndex(input: string): number {
  return Number(/:(\d+)$/.exec(input)?.[1] ?? 0);
}

import type { LayersLike, NamedWeight, Param } from "@graftjs/core";
import type * as tf from "@tensorflow/tfjs-core";
import type { Ports } from "./ports.ts";
import type { Value } from "./value.ts";

/** Changes made by patches that affect the cut of the model. */
export interface Changes {
  /** Stable paths of layers to which a patch added parameters. */
  readonly adapted: ReadonlySet<string>;
  /** Stable paths of layers that compute the same in training as in inference. */
  readonly held: ReadonlySet<string>;
  /** Stable paths of layers whose `call` was replaced by one that computes the same values. */
  readonly pure: ReadonlySet<string>;
}

/** Gives a run the same view of every kind of model. */
export interface ModelAdapter {
  readonly name: string;
  readonly ports: Ports;
  /** The layers that patches are applied to. */
  readonly patchable: LayersLike;
  /** Every stored tensor of the model: parameters and statistics. */
  readonly weights: readonly NamedWeight[];
  /** Cuts the model for training `trained`. Computes no tensors. */
  cut(trained: readonly Param[], changes: Changes): CutModel;
}

/** Facts about a trunk that are known before it runs. */
export interface TrunkInfo {
  /** Number of layers in the trunk. */
  readonly layers: number;
  /** Number of layers in the model. */
  readonly of: number;
  readonly parameters: number;
  /** Layers at which the trunk ends, each with the reason. */
  readonly stops: readonly { readonly path: string; readonly why: string }[];
  /** Names of the values at the cut. */
  readonly frontier: readonly string[];
}

/** Facts about the tail: the trained layers and every layer after them. */
export interface TailInfo {
  /** Bytes of the layers' outputs for one example; undefined if they are not known before the tail runs. */
  readonly bytes: number | undefined;
  /** Layer classes, or ops of a graph; undefined if they are not known. */
  readonly kinds: ReadonlySet<string> | undefined;
}

/** Called with the outputs of one part of the model; `place` is for example "`conv` (Conv2D)". */
export type Note = (place: string, outputs: readonly tf.Tensor[]) => void;

/** A model cut in two. */
export interface CutModel {
  readonly trunk: TrunkInfo;
  /**
   * For each value at the cut: the index of the model input, or −1 if the trunk computes the value. Values beyond the end of the
   * list are computed by the trunk, because the number of tensors that a function returns is not known before it runs.
   */
  readonly sources: readonly number[];
  /** Whether the trunk is known to treat each example independently. If not, this is checked on one example before caching. */
  readonly rowwise?: boolean;
  /** The only number of examples that the trunk takes at once. @default any */
  readonly fixedBatch?: number;
  /** Facts about the part after the cut that are known before it runs. */
  readonly tail: TailInfo;
  /** Paths of layers that normalise vectors by batch statistics. Such layers need at least two examples per batch. */
  readonly batchStatistics: readonly string[];
  /** Computes the values at the cut. Call it inside a tidy. */
  runTrunk(inputs: readonly tf.Tensor[]): Value[];
  /** Computes predictions from the values at the cut. Call it inside a tidy. @param note called with each part's outputs. */
  runTail(cut: readonly Value[], training: boolean, note?: Note): tf.Tensor[];
  /** Computes the regularizer scalars that stock `fit` adds to the loss. Call it inside a tidy, while gradients are recorded. */
  penalties(): tf.Scalar[];
}

/** Returns the name of value `i` at the cut and the index of its model input, or −1 if the trunk computes the value. */
export function valueAt({ sources, trunk }: CutModel, i: number): { readonly name: string; readonly source: number } {
  return { name: trunk.frontier[i] ?? trunk.frontier.at(-1) ?? "trunk", source: sources[i] ?? -1 };
}

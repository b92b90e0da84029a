import type { LayersLike, NamedWeight, Param } from "@graftjs/core";
import type * as tf from "@tensorflow/tfjs-core";
import type { Ports } from "./ports.ts";
import type { Value } from "./value.ts";

/** What a patch changed, as far as cutting the model is concerned. */
export interface Changes {
  /** Stable paths of layers that were given parameters of their own. */
  readonly adapted: ReadonlySet<string>;
  /** Stable paths of layers that compute the same in training as in inference. */
  readonly held: ReadonlySet<string>;
  /** Stable paths of layers whose replaced call computes the same values. */
  readonly pure: ReadonlySet<string>;
}

/** A model of whatever kind as a run sees it. */
export interface ModelAdapter {
  readonly name: string;
  readonly ports: Ports;
  /** What patches are applied to. */
  readonly patchable: LayersLike;
  /** All that is stored in it: parameters and statistics. */
  readonly weights: readonly NamedWeight[];
  /** Cuts it for training `trained`. Nothing is computed. */
  cut(trained: readonly Param[], changes: Changes): CutModel;
}

/** What is known of a trunk before it runs. */
export interface TrunkInfo {
  /** Layers in the trunk, and in the model. */
  readonly layers: number;
  readonly of: number;
  readonly parameters: number;
  /** Where it ends, and why it goes no further. */
  readonly stops: readonly { readonly path: string; readonly why: string }[];
  /** Names of the values at the cut. */
  readonly frontier: readonly string[];
}

/** What is trained, and everything behind it. */
export interface TailInfo {
  /** Bytes of the layers' outputs for one example; undefined where they are not known before it runs. */
  readonly bytes: number | undefined;
  /** Layer classes, or ops of a graph; undefined where they are not known. */
  readonly kinds: ReadonlySet<string> | undefined;
}

/** Hears what a part of the model gave, for example "`conv` (Conv2D)". */
export type Note = (place: string, outputs: readonly tf.Tensor[]) => void;

/** A model cut in two. */
export interface CutModel {
  readonly trunk: TrunkInfo;
  /**
   * For each value at the cut: the model input it is, or −1 for one that the trunk computes. Values beyond the list are the
   * trunk's: how many a function gives is not known before it runs.
   */
  readonly sources: readonly number[];
  /** Whether the trunk is known to treat each example by itself; where it is not, that is tried on one before it is relied on. */
  readonly rowwise?: boolean;
  /** What is known of the part behind the cut before it runs. */
  readonly tail: TailInfo;
  /** Paths of layers that normalise vectors by the batch, for which a batch of one is no batch. */
  readonly batchStatistics: readonly string[];
  /** The values at the cut. Inside a tidy. */
  runTrunk(inputs: readonly tf.Tensor[]): Value[];
  /** Predictions from the values at the cut. Inside a tidy, on the tape where there is one. @param note hears of each part's outputs. */
  runTail(cut: readonly Value[], training: boolean, note?: Note): tf.Tensor[];
  /** Regularizers: scalars that stock `fit` adds to the loss. Inside a tidy, on the tape. */
  penalties(): tf.Scalar[];
}

/** Value `i` at the cut: its name, and the input it is or −1. */
export function valueAt({ sources, trunk }: CutModel, i: number): { readonly name: string; readonly source: number } {
  return { name: trunk.frontier[i] ?? trunk.frontier.at(-1) ?? "trunk", source: sources[i] ?? -1 };
}

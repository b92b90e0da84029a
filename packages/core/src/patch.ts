import type { LayersLike } from "./layers-like.ts";
import type { Param } from "./params.ts";

/** Changes how a model computes and says how to undo it: frozen batch norm, folding, LoRA. */
export interface ModelPatch {
  readonly name: string;
  /** Throws, having changed nothing, where the model does not suit it. */
  apply(model: LayersLike): PatchHandle;
}

/** What a patch gives back. */
export interface PatchHandle {
  /** Puts the model back exactly as it was. Calling it twice is harmless. */
  restore(): void;
  /** Parameters that the patch brought along, for the optimizer to train beside the model's own. */
  readonly added?: readonly Param[];
  /**
   * Stable paths of layers whose statistics the patch holds: they compute the same in training as in inference, so a frozen
   * trunk may hold them, and a run fails in which one of their statistics moves.
   */
  readonly held?: readonly string[];
  /**
   * Stable paths of other layers whose `call` the patch replaced by one that computes the same values: a frozen trunk may hold
   * them, as it may the layers as they were.
   */
  readonly pure?: readonly string[];
  /** One line for people about what was changed. */
  readonly summary?: string;
}

import type { LayersLike } from "../params/layers-like.ts";
import type { Param } from "../params/params.ts";

/** Changes how a model computes, and can undo the change: frozen batch norm, folding, LoRA. */
export interface ModelPatch {
  readonly name: string;
  /** Changes the model. Throws, and changes nothing, if the model does not suit the patch. */
  apply(model: LayersLike): PatchHandle;
}

/** Result of applying a patch. */
export interface PatchHandle {
  /** Restores the model exactly. A second call does nothing. */
  restore(): void;
  /** Parameters that the patch added, for the optimizer to train beside the model's own. */
  readonly added?: readonly Param[];
  /**
   * Writes the added parameters into the model's own weights and removes the patch. The model then computes the same without it.
   * A later `restore` does nothing.
   */
  mergeAndUnload?(): void;
  /**
   * Stable paths of layers whose statistics the patch freezes. They compute the same values in training as in inference,
   * so a frozen trunk may contain them. A run fails if one of their statistics moves.
   */
  readonly held?: readonly string[];
  /** Stable paths of other layers whose `call` the patch replaced without changing its values. A frozen trunk may contain them. */
  readonly pure?: readonly string[];
  /** One line for people that describes the change. */
  readonly summary?: string;
}

import type { HookedOptimizer, StateTree } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { TrustState } from "./trust.ts";

/**
 * Returns the ratios of the last step: one entry per hook and rule of this package in the optimizer, hooks first. Returns
 * `[]` before the first step.
 *
 * The tensors belong to the optimizer and are valid until its next step. Do not dispose them.
 */
export function trustStates(optimizer: HookedOptimizer): readonly TrustState[] {
  const found: TrustState[] = [];
  const walk = (node: StateTree): void => {
    if (isTrust(node)) found.push(node);
    else if (isBranch(node)) for (const child of Object.values(node)) walk(child);
  };
  walk(optimizer.state ?? null);
  return found;
}

function isTrust(node: StateTree): node is TrustState {
  return isBranch(node) && "weightNorms" in node && "gradNorms" in node && "ratios" in node;
}

function isBranch(node: StateTree): node is { readonly [key: string]: StateTree } {
  return typeof node === "object" && node !== null && !Array.isArray(node) && !(node instanceof tf.Tensor);
}

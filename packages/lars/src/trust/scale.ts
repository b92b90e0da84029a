import { mapTensors, type StepContext, type TensorMap } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { TrustLayout } from "./layout.ts";
import type { TrustState } from "./trust.ts";

/** Replaces a rate of zero as divisor: 0/0 would be NaN. The resulting large ratio is then limited to 1. */
const SMALLEST_RATE = 1e-37;

/** Computes g + βw. Returns g itself for parameters without decay. */
export function addDecay(grads: TensorMap, params: TensorMap, { names, decays }: TrustLayout): TensorMap {
  const decayOf = new Map(names.map((name, i) => [name, decays[i] as number]));
  return mapTensors(grads, (g, name) => {
    const beta = decayOf.get(name) as number;
    return beta === 0 ? g : tf.add(g, tf.mul(params[name] as tf.Tensor, beta));
  });
}

/**
 * Computes λ·x for each tensor, or γ·λ·x if `rates` are given. Without rates, a tensor with ratio 1 is returned unchanged,
 * bit for bit.
 */
export function scaleByTrust(
  tensors: TensorMap,
  { names, ratios }: TrustState,
  { names: active, groupOf }: TrustLayout,
  rates?: { readonly [name: string]: number },
): TensorMap {
  const byName = scalars(names, ratios);
  const adapted = new Set(active.filter((_, i) => groupOf[i] !== -1));
  return mapTensors(tensors, (x, name) => {
    const ratio = byName[name] as tf.Tensor;
    if (!rates) return adapted.has(name) ? tf.mul(x, ratio) : x;
    // Multiplying the scalars first needs only one pass over the tensor.
    return tf.mul(x, adapted.has(name) ? tf.mul(ratio, rates[name] as number) : (rates[name] as number));
  });
}

/** Returns the context with all rates at 1, to get only the direction of a rule. */
export function atUnitRate(ctx: StepContext): StepContext {
  return { ...ctx, rates: Object.fromEntries(Object.keys(ctx.rates).map((name) => [name, 1])) };
}

/** Limits the ratio of adapted parameters: λ ← min(λ/γ, 1), as LARC does. */
export function clipToRate(
  state: TrustState,
  { names: active, groupOf }: TrustLayout,
  rates: { readonly [name: string]: number },
): TrustState {
  const adapted = new Set(active.filter((_, i) => groupOf[i] !== -1));
  const divisors = state.names.map((name) => (adapted.has(name) ? Math.max(rates[name] as number, SMALLEST_RATE) : 1));
  return { ...state, ratios: tf.minimum(tf.div(state.ratios, tf.tensor1d(divisors)), 1) };
}

/** Splits a vector into scalars by name. */
export function scalars(names: readonly string[], vector: tf.Tensor): TensorMap {
  const entries = tf.unstack(vector);
  return Object.fromEntries(names.map((name, i) => [name, entries[i] as tf.Tensor]));
}

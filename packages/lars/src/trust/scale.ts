import { mapTensors, type StepContext, type TensorMap } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { TrustLayout } from "./layout.ts";
import type { TrustState } from "./trust.ts";

/** Division by a rate of zero would give 0/0; by this, a ratio that the clip takes to 1. */
const SMALLEST_RATE = 1e-37;

/** g + βw; the gradient itself where nothing decays. */
export function addDecay(grads: TensorMap, params: TensorMap, { names, decays }: TrustLayout): TensorMap {
  const decayOf = new Map(names.map((name, i) => [name, decays[i] as number]));
  return mapTensors(grads, (g, name) => {
    const beta = decayOf.get(name) as number;
    return beta === 0 ? g : tf.add(g, tf.mul(params[name] as tf.Tensor, beta));
  });
}

/** λ · x by name, or γ · λ · x where `rates` are given. Without rates, what keeps ratio 1 is returned as it is, bit for bit. */
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
    // The scalars first: one pass over the tensor.
    return tf.mul(x, adapted.has(name) ? tf.mul(ratio, rates[name] as number) : (rates[name] as number));
  });
}

/** The context at rate 1, for a rule that is asked for its direction alone. */
export function atUnitRate(ctx: StepContext): StepContext {
  return { ...ctx, rates: Object.fromEntries(Object.keys(ctx.rates).map((name) => [name, 1])) };
}

/** λ ← min(λ/γ, 1) for adapted parameters: LARC's clip. */
export function clipToRate(
  state: TrustState,
  { names: active, groupOf }: TrustLayout,
  rates: { readonly [name: string]: number },
): TrustState {
  const adapted = new Set(active.filter((_, i) => groupOf[i] !== -1));
  const divisors = state.names.map((name) => (adapted.has(name) ? Math.max(rates[name] as number, SMALLEST_RATE) : 1));
  return { ...state, ratios: tf.minimum(tf.div(state.ratios, tf.tensor1d(divisors)), 1) };
}

/** A vector's entries as scalars by name. */
export function scalars(names: readonly string[], vector: tf.Tensor): TensorMap {
  const entries = tf.unstack(vector);
  return Object.fromEntries(names.map((name, i) => [name, entries[i] as tf.Tensor]));
}

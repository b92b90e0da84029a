import * as tf from "@tensorflow/tfjs-core";

/** Range of an input's numbers. It avoids kinks and poles, near which float32 results differ although the kernel is right. */
export type Kind = "any" | "positive" | "unit" | "over1" | "probability" | "spread";

/** A tensor of a case as data, from which each backend makes its own tensor. */
export interface Input {
  readonly kind: Kind;
  readonly shape: readonly number[];
}

/** Returns a seeded generator of numbers in [0, 1): mulberry32. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const ranges: { readonly [K in Exclude<Kind, "spread">]: readonly [number, number] } = {
  any: [-2, 2],
  positive: [0.3, 3],
  unit: [-0.9, 0.9],
  over1: [1.2, 3],
  probability: [0.05, 0.95],
};

/** Returns the numbers of an input. With `spread` they differ so much that every backend orders them in the same way. */
export function numbers({ kind, shape }: Input, seed: number): Float32Array {
  const next = random(seed);
  const size = tf.util.sizeFromShape([...shape]);
  if (kind === "spread") {
    const order = Float32Array.from({ length: size }, (_, i) => (i - size / 2) * (4 / size) + 0.013);
    for (let i = size - 1; i > 0; i--) {
      const j = Math.floor(next() * (i + 1));
      [order[i], order[j]] = [order[j] as number, order[i] as number];
    }
    return order;
  }
  const [low, high] = ranges[kind];
  return Float32Array.from({ length: size }, () => low + (high - low) * next());
}

/** Returns the largest difference divided by the largest reference value. It is infinite if only one side has a NaN, or if lengths differ. */
export function disagreement(got: ArrayLike<number>, want: ArrayLike<number>): number {
  if (got.length !== want.length) return Number.POSITIVE_INFINITY;
  let scale = 1e-6;
  let worst = 0;
  for (let i = 0; i < want.length; i++) {
    const [a, b] = [got[i] as number, want[i] as number];
    if (Number.isNaN(a) !== Number.isNaN(b)) return Number.POSITIVE_INFINITY;
    if (Number.isNaN(a) || a === b) continue;
    scale = Math.max(scale, Math.abs(b));
    worst = Math.max(worst, Math.abs(a - b));
  }
  for (let i = 0; i < want.length; i++)
    if (Number.isFinite(want[i])) scale = Math.max(scale, Math.abs(want[i] as number));
  return worst / scale;
}

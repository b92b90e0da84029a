import { OptionsError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

/** Options of {@link attention}. */
export interface AttentionOptions {
  /** Number of heads. It divides the last axis of q, k and v. @default 1 */
  readonly heads?: number;
  /**
   * Which keys each query sees: [batch, keys] for padding, or any shape that broadcasts to [batch, heads, queries, keys].
   * bool and int32: 0 hides a key. float32: added to the scores before the softmax, so 0 leaves a key and −1e9 hides it.
   */
  readonly mask?: tf.Tensor | undefined;
}

/** Added to the score of a hidden key. Unlike −∞ it leaves a row without any key finite: the mean of the values. */
const HIDDEN = -1e9;

/**
 * Computes softmax(q·kᵀ/√d + mask)·v in each head (Vaswani et al. 2017), with d the width of a head.
 *
 * @param q [batch, queries, heads · d]
 * @param k [batch, keys, heads · d]
 * @param v [batch, keys, heads · width]
 * @returns [batch, queries, heads · width]
 * @throws OptionsError if the shapes do not fit
 */
export function attention(q: tf.Tensor, k: tf.Tensor, v: tf.Tensor, options: AttentionOptions = {}): tf.Tensor {
  const { heads = 1, mask } = options;
  assertShapes(q, k, v, heads);
  return tf.tidy(() => {
    const width = (q.shape[2] as number) / heads;
    const scaled = tf.mul(q, 1 / Math.sqrt(width));
    const scores = tf.matMul(split(scaled, heads), split(k, heads), false, true);
    const seen = mask ? tf.add(scores, additive(mask, scores.shape)) : scores;
    const mixed = tf.matMul(tf.softmax(seen), split(v, heads));
    return tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [...q.shape.slice(0, 2), v.shape[2] as number]);
  });
}

/** Turns [batch, places, heads · d] into [batch, heads, places, d]. */
function split(x: tf.Tensor, heads: number): tf.Tensor {
  const [batch, places, width] = x.shape as [number, number, number];
  return tf.transpose(tf.reshape(x, [batch, places, heads, width / heads]), [0, 2, 1, 3]);
}

function additive(mask: tf.Tensor, scores: readonly number[]): tf.Tensor {
  const [batch, , , keys] = scores as [number, number, number, number];
  const shaped = mask.rank === 2 ? tf.reshape(mask, [mask.shape[0] as number, 1, 1, mask.shape[1] as number]) : mask;
  const fits =
    mask.rank === 2
      ? mask.shape[0] === batch && mask.shape[1] === keys
      : mask.rank === 4 && mask.shape.every((size, axis) => size === 1 || size === scores[axis]);
  if (!fits)
    throw new OptionsError(
      `attention: \`mask\` is [${mask.shape}], expected [${batch},${keys}] or a shape of four axes that broadcasts to [${scores}].`,
      "Fix it with tf.reshape.",
    );
  if (mask.dtype === "float32") return shaped;
  return tf.mul(tf.sub(1, tf.cast(tf.cast(shaped, "bool"), "float32")), HIDDEN);
}

function assertShapes(q: tf.Tensor, k: tf.Tensor, v: tf.Tensor, heads: number): void {
  const problems = Object.entries({ q, k, v })
    .filter(([, { shape }]) => shape.length !== 3 || (shape[2] as number) % heads !== 0)
    .map(([name, { shape }]) => `\`${name}\` is [${shape}], expected [batch, places, a multiple of ${heads}]`);
  if (problems.length === 0 && (q.shape[0] !== k.shape[0] || q.shape[2] !== k.shape[2]))
    problems.push(`\`q\` is [${q.shape}] and \`k\` is [${k.shape}], expected the same batch and width`);
  if (problems.length === 0 && (k.shape[0] !== v.shape[0] || k.shape[1] !== v.shape[1]))
    problems.push(`\`k\` is [${k.shape}] and \`v\` is [${v.shape}], expected the same batch and number of keys`);
  if (problems.length > 0) throw new OptionsError(`attention: ${problems.join("; ")}.`, "Fix it with tf.reshape.");
}

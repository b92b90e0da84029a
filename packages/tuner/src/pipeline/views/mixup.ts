import * as tf from "@tensorflow/tfjs-core";
import { beta } from "../../random/beta.ts";
import { permutation, type Random } from "../../random/random.ts";

/**
 * Mixes each row of every tensor with a row of the same batch: λ·a + (1 − λ)·b, with one λ from Beta(α, α) per batch (Zhang, Cissé,
 * Dauphin and Lopez-Paz 2018, mixup). Pass inputs and labels in one call, so that they are mixed alike.
 *
 * @returns new tensors. The given ones are not freed.
 */
export function mixup(tensors: readonly tf.Tensor[], alpha: number, random: Random): tf.Tensor[] {
  const share = beta(alpha, random);
  const partner = permutation(tensors[0]?.shape[0] ?? 0, random);
  return mixRows(tensors, partner, share);
}

/** Returns share·a + (1 − share)·b for each row a and its partner b. The given tensors are not freed. */
export function mixRows(tensors: readonly tf.Tensor[], partner: Int32Array, share: number): tf.Tensor[] {
  return tf.tidy(() => {
    const at = tf.tensor1d(partner, "int32");
    return tensors.map((tensor) => {
      const values = tf.cast(tensor, "float32");
      return tf.add(tf.mul(values, share), tf.mul(tf.gather(values, at), 1 - share));
    });
  });
}

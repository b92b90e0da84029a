import * as tf from "@tensorflow/tfjs-core";
import type { Random } from "../../random/random.ts";
import { DataError } from "../data-error.ts";

/** Checks that a batch holds images. @throws DataError if it does not */
export function asImages(batch: tf.Tensor, name: string): tf.Tensor4D {
  if (batch.rank === 4) return batch as tf.Tensor4D;
  throw new DataError(
    `\`${name}\` takes images [batch, height, width, channels], got [${batch.shape}].`,
    "Leave it out.",
  );
}

/** Returns one number for each example, in a shape that broadcasts over images. */
export function perExample(randoms: readonly Random[], draw: (random: Random) => number): tf.Tensor4D {
  return tf.tensor4d(randoms.map(draw), [randoms.length, 1, 1, 1]);
}

/** Returns a random number in [low, high). */
export function between(random: Random, low: number, high: number): number {
  return low + random() * (high - low);
}

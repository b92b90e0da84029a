import * as tf from "@tensorflow/tfjs-core";
import { beta } from "../../random/beta.ts";
import { permutation, type Random } from "../../random/random.ts";
import { asImages } from "./image.ts";

/** A rectangle in pixels. `bottom` and `right` are the first pixels outside. */
export interface Box {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
  /** Share of the image outside the rectangle. */
  readonly share: number;
}

/**
 * Draws a rectangle of about (1 − λ) of the image, whose centre is anywhere in the image. The part beyond the edge is cut off, and `share` is
 * the λ that remains. Equals timm's `cutmix_bbox_and_lam`.
 */
export function cutBox(height: number, width: number, lambda: number, random: Random): Box {
  const ratio = Math.sqrt(1 - lambda);
  const [rows, columns] = [Math.floor(height * ratio), Math.floor(width * ratio)];
  const [y, x] = [Math.floor(random() * height), Math.floor(random() * width)];
  const [top, left] = [Math.max(0, y - Math.floor(rows / 2)), Math.max(0, x - Math.floor(columns / 2))];
  const bottom = Math.min(height, y + Math.floor((rows + 1) / 2));
  const right = Math.min(width, x + Math.floor((columns + 1) / 2));
  return { top, bottom, left, right, share: 1 - ((bottom - top) * (right - left)) / (height * width) };
}

/** Images with a rectangle of their partners, and how their labels have to be mixed. */
export interface CutImages {
  readonly images: tf.Tensor;
  /** Row of each example's partner. */
  readonly partner: Int32Array;
  /** Share of an example's own label. */
  readonly share: number;
}

/**
 * Replaces one rectangle of every image by that of another image of the batch (Yun et al. 2019, "CutMix", equation 1). The rectangle is the
 * same for the whole batch, with λ from Beta(α, α).
 *
 * @returns a new tensor. The given one is not freed.
 * @throws DataError if the batch does not hold images.
 */
export function cutmix(batch: tf.Tensor, alpha: number, random: Random): CutImages {
  const given = asImages(batch, "cutmix");
  const [count, height, width] = given.shape;
  const lambda = beta(alpha, random);
  const partner = permutation(count, random);
  const { top, bottom, left, right, share } = cutBox(height, width, lambda, random);
  const mask = new Uint8Array(height * width);
  for (let y = top; y < bottom; y++) mask.fill(1, y * width + left, y * width + right);
  const images = tf.tidy(() => {
    const inside = tf.broadcastTo(tf.tensor4d(mask, [1, height, width, 1], "bool"), given.shape);
    return tf.where(inside, tf.gather(given, tf.tensor1d(partner, "int32")), given);
  });
  return { images, partner, share };
}

import * as tf from "@tensorflow/tfjs-core";

/** Side of an image in pixels. */
export const SIDE = 12;
export const CLASSES: readonly string[] = ["square", "cross", "stripes"];

/** Images and their classes, one-hot. */
export interface Examples {
  readonly x: tf.Tensor4D;
  readonly y: tf.Tensor2D;
}

/**
 * Draws shapes at random places, with noise.
 *
 * @param inverted whether to draw dark shapes on light ground, which the base model has not seen.
 */
export function shapes(count: number, seed: number, inverted: boolean): Examples {
  let state = seed;
  const random = (): number => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    return state / 2 ** 32;
  };
  const pixels = new Float32Array(count * SIDE * SIDE);
  const classes = Array.from({ length: count }, (_, i) => i % CLASSES.length);
  classes.forEach((kind, i) => {
    const [top, left, size] = [1 + Math.floor(random() * 4), 1 + Math.floor(random() * 4), 6];
    for (let row = 0; row < SIDE; row++) {
      for (let column = 0; column < SIDE; column++) {
        const ink = drawn(kind, row - top, column - left, size) ? 1 : 0;
        pixels[(i * SIDE + row) * SIDE + column] = (inverted ? 1 - ink : ink) + 0.3 * (random() - 0.5);
      }
    }
  });
  return {
    x: tf.tensor4d(pixels, [count, SIDE, SIDE, 1]),
    y: tf.tidy(() => tf.cast(tf.oneHot(classes, CLASSES.length), "float32") as tf.Tensor2D),
  };
}

function drawn(kind: number, row: number, column: number, size: number): boolean {
  if (row < 0 || column < 0 || row >= size || column >= size) return false;
  if (kind === 0) return row === 0 || column === 0 || row === size - 1 || column === size - 1;
  if (kind === 1) return row === column || row === size - 1 - column;
  return row % 2 === 0;
}

import { type OptionsSchema, optionsSchema, RecipeError, seeded } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

/** Options of {@link exampleMemory}. */
export interface ExampleMemoryOptions {
  /** Largest number of examples in the memory, ≥ 1. */
  readonly capacity: number;
  /** Seed of the choice of examples, in `add` and in `sample`. @default 0 */
  readonly seed?: number;
}

/** Examples [n, …] and targets [n, …]. The caller disposes them. */
export interface RememberedExamples {
  readonly xs: tf.Tensor;
  readonly ys: tf.Tensor;
}

/** A memory of old examples. The values are in host memory, not on the device. */
export interface ExampleMemory {
  /** Adds a batch. Each example ever added stays in the memory with equal probability. Reads the batch from the device once. */
  add(xs: tf.Tensor, ys: tf.Tensor): Promise<void>;
  /**
   * Draws `size` examples. Examples repeat only if the memory holds fewer than `size`. The choice depends on `step`, so a
   * resumed run draws the same examples.
   *
   * @throws RecipeError if the memory is empty.
   */
  sample(size: number, step: number): RememberedExamples;
  /** Number of examples in the memory. */
  readonly size: number;
}

/** Schema of {@link ExampleMemoryOptions}. */
export const exampleMemoryOptions: OptionsSchema<ExampleMemoryOptions, "seed"> = optionsSchema<
  ExampleMemoryOptions,
  "seed"
>(
  {
    capacity: { type: "integer", minimum: 1, description: "Most examples it holds" },
    seed: { type: "integer", minimum: 0, default: 0, description: "Seed of what is kept and sampled" },
  },
  ["capacity"],
);

/**
 * Creates a small memory of old examples for the memory tasks of `aGem` and `gem`. It uses reservoir sampling (Vitter 1985,
 * algorithm R), as in Chaudhry et al. 2019, "On Tiny Episodic Memories".
 *
 * @throws OptionsError if `capacity` is not a positive integer; RecipeError, from `add`, if batches differ in shape.
 */
export function exampleMemory(options: ExampleMemoryOptions): ExampleMemory {
  const { capacity, seed } = exampleMemoryOptions.parse("exampleMemory", options);
  const stored: { readonly x: Float32Array; readonly y: Float32Array }[] = [];
  let offered = 0;
  let shapes: { readonly x: number[]; readonly y: number[] } | undefined;
  return {
    async add(xs, ys) {
      const given = { x: xs.shape.slice(1), y: ys.shape.slice(1) };
      if (xs.shape[0] !== ys.shape[0] || (shapes && String([shapes.x, shapes.y]) !== String([given.x, given.y]))) {
        throw new RecipeError(
          `The memory got examples of shape [${xs.shape}] and targets of shape [${ys.shape}].`,
          "Pass one target per example, and rows of the same shapes in every call.",
        );
      }
      shapes = given;
      const [x, y] = await Promise.all([xs.data(), ys.data()]);
      const rows = xs.shape[0] as number;
      const row = (values: ArrayLike<number>, i: number): Float32Array =>
        Float32Array.from(values).slice((i * values.length) / rows, ((i + 1) * values.length) / rows);
      for (let i = 0; i < rows; i++) {
        const slot = offered < capacity ? offered : Math.floor(seeded(seed, "keep", offered)() * (offered + 1));
        offered++;
        if (slot < capacity) stored[slot] = { x: row(x, i), y: row(y, i) };
      }
    },
    sample(size, step) {
      if (stored.length === 0 || !shapes) {
        throw new RecipeError(
          "The memory is empty.",
          "First call await memory.add(xs, ys) with examples of the old task.",
        );
      }
      const order = [...stored.keys()]
        .map((i) => ({ i, at: seeded(seed, "sample", step, i)() }))
        .sort((a, b) => a.at - b.at);
      const chosen = Array.from({ length: size }, (_, k) => stored[order[k % order.length]?.i as number]);
      const joined = (side: "x" | "y"): Float32Array =>
        Float32Array.from(chosen.flatMap((row) => [...(row?.[side] ?? [])]));
      return { xs: tf.tensor(joined("x"), [size, ...shapes.x]), ys: tf.tensor(joined("y"), [size, ...shapes.y]) };
    },
    get size() {
      return stored.length;
    },
  };
}

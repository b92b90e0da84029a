import { type OptionsSchema, optionsSchema, RecipeError, seeded } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

export interface ExampleMemoryOptions {
  /** Most examples it holds, ≥ 1. */
  readonly capacity: number;
  /** Seed of what is kept and of what is sampled. @default 0 */
  readonly seed?: number;
}

/** Examples and targets. The caller disposes them. */
export interface RememberedExamples {
  readonly xs: tf.Tensor;
  readonly ys: tf.Tensor;
}

export interface ExampleMemory {
  /** Offers a batch; each of all examples ever offered is kept with equal probability. Read back once, kept off the device. */
  add(xs: tf.Tensor, ys: tf.Tensor): Promise<void>;
  /**
   * `size` examples, with repetition only where it holds fewer; other ones for every `step`, the same in a resumed run.
   * @throws RecipeError where the memory is empty.
   */
  sample(size: number, step: number): RememberedExamples;
  /** Examples held. */
  readonly size: number;
}

export const exampleMemoryOptions: OptionsSchema<ExampleMemoryOptions, "seed"> = optionsSchema<
  ExampleMemoryOptions,
  "seed"
>(
  {
    capacity: { type: "integer", minimum: 1, description: "Most examples it holds" },
    seed: { type: "integer", default: 0, description: "Seed of what is kept and sampled" },
  },
  ["capacity"],
);

/**
 * A small memory of old examples, for the reference task of `aGem` and `gem`: reservoir sampling (Vitter 1985, algorithm
 * R), as in Chaudhry et al. 2019, "On Tiny Episodic Memories".
 *
 * @throws OptionsError if `capacity` is not a positive integer; RecipeError if batches differ in shape.
 */
export function exampleMemory(options: ExampleMemoryOptions): ExampleMemory {
  const { capacity, seed } = exampleMemoryOptions.parse("exampleMemory", options);
  const kept: { readonly x: Float32Array; readonly y: Float32Array }[] = [];
  let offered = 0;
  let shapes: { readonly x: number[]; readonly y: number[] } | undefined;
  return {
    async add(xs, ys) {
      const given = { x: xs.shape.slice(1), y: ys.shape.slice(1) };
      if (xs.shape[0] !== ys.shape[0] || (shapes && String([shapes.x, shapes.y]) !== String([given.x, given.y]))) {
        throw new RecipeError(
          `The memory was given [${xs.shape}] and [${ys.shape}].`,
          "Examples and targets have one row each, of the same shapes in every call.",
        );
      }
      shapes = given;
      const [x, y] = await Promise.all([xs.data(), ys.data()]);
      const rows = xs.shape[0] as number;
      const row = (values: ArrayLike<number>, i: number): Float32Array =>
        Float32Array.from(values).slice((i * values.length) / rows, ((i + 1) * values.length) / rows);
      for (let i = 0; i < rows; i++) {
        const at = offered < capacity ? offered : Math.floor(seeded(seed, "keep", offered)() * (offered + 1));
        offered++;
        if (at < capacity) kept[at] = { x: row(x, i), y: row(y, i) };
      }
    },
    sample(size, step) {
      if (kept.length === 0 || !shapes) {
        throw new RecipeError("The memory is empty.", "await memory.add(xs, ys) with examples of the old task first.");
      }
      const order = [...kept.keys()]
        .map((i) => ({ i, at: seeded(seed, "sample", step, i)() }))
        .sort((a, b) => a.at - b.at);
      const picked = Array.from({ length: size }, (_, k) => kept[order[k % order.length]?.i as number]);
      const joined = (side: "x" | "y"): Float32Array =>
        Float32Array.from(picked.flatMap((row) => [...(row?.[side] ?? [])]));
      return { xs: tf.tensor(joined("x"), [size, ...shapes.x]), ys: tf.tensor(joined("y"), [size, ...shapes.y]) };
    },
    get size() {
      return kept.length;
    },
  };
}

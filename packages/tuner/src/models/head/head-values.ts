import { OptionsError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { assertSeed } from "../../random/assert-seed.ts";
import { seeded } from "../../random/random.ts";

/**
 * Makes the initial values of a dense head: a Glorot uniform kernel and a bias of zeros.
 *
 * @param inputs number of features.
 * @param units number of outputs.
 * @throws OptionsError if `units` is not an integer ≥ 1, or `seed` not an integer ≥ 0.
 */
export function headValues(
  inputs: number,
  units: number,
  seed: number,
): { readonly kernel: tf.Tensor2D; readonly bias: tf.Tensor1D } {
  assertUnits(units);
  assertSeed(seed, "replaceHead");
  const limit = Math.sqrt(6 / (inputs + units));
  const random = seeded(seed, "head");
  const values = Float32Array.from({ length: inputs * units }, () => (2 * random() - 1) * limit);
  return { kernel: tf.tensor2d(values, [inputs, units]), bias: tf.zeros([units]) };
}

/** @throws OptionsError if `units` is not an integer ≥ 1. */
export function assertUnits(units: number): void {
  if (!Number.isInteger(units) || units < 1)
    throw new OptionsError(`\`units\` of replaceHead is ${units}.`, "Give an integer ≥ 1: the number of classes.");
}

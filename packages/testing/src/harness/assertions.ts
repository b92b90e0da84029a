import { type StateTree, type TensorMap, visitTensors } from "@graftjs/core";
import type * as tf from "@tensorflow/tfjs-core";

/** Throws with `message` where `ok` is false. Plain errors, so that the cases also run outside vitest. */
export function check(ok: boolean, message: string): asserts ok {
  if (!ok) throw new Error(message);
}

/** Values of every tensor of a map, read back. */
export type Values = { readonly [name: string]: readonly number[] };

export function read(map: TensorMap | { readonly [name: string]: tf.Tensor }): Values {
  return Object.fromEntries(Object.entries(map).map(([name, tensor]) => [name, [...tensor.dataSync()]]));
}

/** Values of every tensor of a state, by path. */
export function readTree(state: StateTree): Values {
  const found: Record<string, readonly number[]> = {};
  visitTensors(state, (tensor, path) => {
    found[path] = [...tensor.dataSync()];
  });
  return found;
}

/** Same names, same bits (−0 and 0 are different, NaN is NaN). */
export function checkBits(got: Values, expected: Values, what: string): void {
  checkNames(got, expected, what);
  for (const [name, values] of Object.entries(expected)) {
    const at = values.findIndex((value, i) => !Object.is(value, got[name]?.[i]));
    check(at < 0, `${what}: ${name}[${at}] is ${got[name]?.[at]}, expected ${values[at]}, bit for bit.`);
  }
}

/** Same names, and values within `tolerance` of the largest magnitude in the tensor (or of 1e-30, where all are 0). */
export function checkClose(got: Values, expected: Values, tolerance: number, what: string): void {
  checkNames(got, expected, what);
  for (const [name, values] of Object.entries(expected)) {
    const scale = values.reduce((max, value) => Math.max(max, Math.abs(value)), 1e-30);
    const same = got[name] ?? [];
    check(same.length === values.length, `${what}: ${name} has ${same.length} values, expected ${values.length}.`);
    const at = values.findIndex((value, i) => !(Math.abs(value - (same[i] as number)) <= tolerance * scale));
    check(at < 0, `${what}: ${name}[${at}] is ${same[at]}, expected ${values[at]} within ${tolerance} of ${scale}.`);
  }
}

export function checkFinite(values: Values, what: string): void {
  for (const [name, numbers] of Object.entries(values)) {
    const at = numbers.findIndex((value) => !Number.isFinite(value));
    check(at < 0, `${what}: ${name}[${at}] is ${numbers[at]}.`);
  }
}

function checkNames(got: Values, expected: Values, what: string): void {
  const [have, want] = [Object.keys(got).sort(), Object.keys(expected).sort()];
  check(have.join() === want.join(), `${what}: the names are ${have.join(", ")}, expected ${want.join(", ")}.`);
}

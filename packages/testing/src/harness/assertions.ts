import { type StateTree, type TensorMap, visitTensors } from "@graftjs/core";
import type * as tf from "@tensorflow/tfjs-core";

/** Throws an error with `message` if `ok` is false. Uses plain errors, so that checks also run outside vitest. */
export function check(ok: boolean, message: string): asserts ok {
  if (!ok) throw new Error(message);
}

/** The values of several tensors, by name. */
export type Values = { readonly [name: string]: readonly number[] };

/** Reads the values of every tensor of a map. */
export function read(map: TensorMap | { readonly [name: string]: tf.Tensor }): Values {
  return Object.fromEntries(Object.entries(map).map(([name, tensor]) => [name, [...tensor.dataSync()]]));
}

/** Reads the values of every tensor of a state, by path. */
export function readTree(state: StateTree): Values {
  const found: Record<string, readonly number[]> = {};
  visitTensors(state, (tensor, path) => {
    found[path] = [...tensor.dataSync()];
  });
  return found;
}

/** Asserts equal names and equal bits: −0 differs from 0, and NaN equals NaN. `subject` begins the error message. */
export function checkBits(got: Values, expected: Values, subject: string): void {
  checkNames(got, expected, subject);
  for (const [name, values] of Object.entries(expected)) {
    const wrong = values.findIndex((value, i) => !Object.is(value, got[name]?.[i]));
    check(wrong < 0, `${subject}: ${name}[${wrong}] is ${got[name]?.[wrong]}, expected ${values[wrong]}, bit for bit.`);
  }
}

/**
 * Asserts equal names, and values that differ by at most `tolerance` times the largest magnitude of their tensor. That
 * magnitude counts as at least 1e-30. `subject` begins the error message.
 */
export function checkClose(got: Values, expected: Values, tolerance: number, subject: string): void {
  checkNames(got, expected, subject);
  for (const [name, values] of Object.entries(expected)) {
    const scale = values.reduce((max, value) => Math.max(max, Math.abs(value)), 1e-30);
    const found = got[name] ?? [];
    check(found.length === values.length, `${subject}: ${name} has ${found.length} values, expected ${values.length}.`);
    const wrong = values.findIndex((value, i) => !(Math.abs(value - (found[i] as number)) <= tolerance * scale));
    check(
      wrong < 0,
      `${subject}: ${name}[${wrong}] is ${found[wrong]}, expected ${values[wrong]} within ${tolerance} of ${scale}.`,
    );
  }
}

/** Asserts that every value is finite. `subject` begins the error message. */
export function checkFinite(values: Values, subject: string): void {
  for (const [name, numbers] of Object.entries(values)) {
    const wrong = numbers.findIndex((value) => !Number.isFinite(value));
    check(wrong < 0, `${subject}: ${name}[${wrong}] is ${numbers[wrong]}.`);
  }
}

function checkNames(got: Values, expected: Values, subject: string): void {
  const [have, want] = [Object.keys(got).sort(), Object.keys(expected).sort()];
  check(have.join() === want.join(), `${subject}: the names are ${have.join(", ")}, expected ${want.join(", ")}.`);
}

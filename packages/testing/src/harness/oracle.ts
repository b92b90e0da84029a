import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { expect } from "vitest";

/** Numbers from another implementation. Tensors are nested arrays, as `numpy.ndarray.tolist()` writes them. */
export interface Oracle {
  /** Source of the numbers, for example "optax 0.2.6, jax 0.8.1". Error messages show it. */
  readonly source: string;
  readonly cases: readonly OracleCase[];
}

/** One run of an oracle. It lists gradients and the expected output per step: gradients of a hook, updates of a rule. */
export interface OracleCase {
  readonly name: string;
  /** Argument for the factory. @default none */
  readonly options?: unknown;
  /** @default 0.05 */
  readonly learningRate?: number;
  /** Relative to the largest magnitude of each tensor. @default 1e-6 */
  readonly tolerance?: number;
  /** Values of the parameters. They stay the same in all steps. */
  readonly params: { readonly [name: string]: Nested };
  readonly steps: readonly {
    readonly grads: { readonly [name: string]: Nested };
    readonly out: { readonly [name: string]: Nested };
  }[];
}

/** A tensor as nested arrays of numbers. */
export type Nested = number | readonly Nested[];

/** Reads an oracle from a JSON file if `oracle` is a path. The path is relative to the current test file. */
export async function readOracle<T>(oracle: string | T): Promise<T> {
  if (typeof oracle !== "string") return oracle;
  const from = expect.getState().testPath;
  const path = from === undefined ? resolve(oracle) : resolve(dirname(from), oracle);
  return JSON.parse(await readFile(path, "utf8")) as T;
}

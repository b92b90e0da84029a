import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Param, TensorMap } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { expect } from "vitest";
import { check, checkClose, type Values } from "../harness/assertions.ts";
import { type Case, onCpu } from "../harness/conformance-check.ts";
import { runPure } from "../harness/run-pure.ts";
import { disposeParams, variableOf } from "../harness/samples.ts";
import type { Subject } from "../harness/subject.ts";

/** Numbers of another implementation. Tensors are nested arrays, as `numpy.ndarray.tolist()` writes them. */
export interface Oracle {
  /** Where the numbers are from: "optax 0.2.6, jax 0.8.1". Shown when they differ. */
  readonly source: string;
  readonly cases: readonly OracleCase[];
}

/** One run: parameters, then gradients in and gradients (of a rule: updates) out, step by step. */
export interface OracleCase {
  readonly name: string;
  /** Passed to the factory. Left out: the factory's own. */
  readonly options?: unknown;
  /** @default 0.05 */
  readonly learningRate?: number;
  /** Relative to the largest magnitude of each tensor. @default 1e-6 */
  readonly tolerance?: number;
  readonly params: { readonly [name: string]: Nested };
  readonly steps: readonly {
    readonly grads: { readonly [name: string]: Nested };
    readonly out: { readonly [name: string]: Nested };
  }[];
}
export type Nested = number | readonly Nested[];

/** Reads an oracle where the suite was given a path, relative to the test file. */
export async function readOracle<T>(oracle: string | T): Promise<T> {
  if (typeof oracle !== "string") return oracle;
  const from = expect.getState().testPath;
  const path = from === undefined ? resolve(oracle) : resolve(dirname(from), oracle);
  return JSON.parse(await readFile(path, "utf8")) as T;
}

/** The numbers of `oracle`, case by case and step by step. The parameters stand still: what is compared is the output. */
export function oracleCases(subject: Subject, oracle: string | Oracle): readonly Case[] {
  return [
    onCpu("oracle", "gives the oracle's numbers", async () => {
      const { source, cases } = await readOracle(oracle);
      check(cases.length > 0, "The oracle has no cases.");
      for (const { name, options, learningRate, tolerance = 1e-6, params: values, steps } of cases) {
        const params = Object.entries(values).map(([key, value]) => param(key, value));
        const grads = steps.map((step) => tensors(step.grads));
        const got = runPure(subject.make(options), params, grads, learningRate);
        got.forEach((step, i) => {
          const expected = flat((steps[i] as (typeof steps)[number]).out);
          checkClose(step.grads, expected, tolerance, `${source}, ${name}, step ${i}`);
        });
        tf.dispose(grads as tf.NamedTensorMap[]);
        disposeParams(params);
      }
    }),
  ];
}

function param(name: string, value: Nested): Param {
  const cut = name.lastIndexOf("/");
  const variable = variableOf(value as tf.TensorLike);
  const { shape } = variable;
  const unitAxes = shape.length === 0 ? [] : [shape.length - 1];
  return { name, layer: name.slice(0, Math.max(0, cut)), role: name.slice(cut + 1), shape, unitAxes, variable };
}

function tensors(values: { readonly [name: string]: Nested }): TensorMap {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, tf.tensor(value as tf.TensorLike, undefined, "float32")]),
  );
}

function flat(values: { readonly [name: string]: Nested }): Values {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, leaves(value)]));
}

function leaves(value: Nested): readonly number[] {
  return typeof value === "number" ? [value] : value.flatMap(leaves);
}

import * as tf from "@tensorflow/tfjs-core";
import type { OpCase } from "./case.ts";
import { elementwise } from "./elementwise.ts";
import { disagreement, numbers } from "./numbers.ts";
import { reductions } from "./reductions.ts";
import { shapes } from "./shapes.ts";
import { spatial } from "./spatial.ts";
import { wholeNumbers } from "./whole-numbers.ts";

/** All ops and gradients that are compared with cpu. */
export const opCases: readonly OpCase[] = [...elementwise, ...reductions, ...spatial, ...shapes, ...wholeNumbers];

/** A row of the table: the difference between a backend and cpu float32, as max |a − b| / max |cpu|. */
export interface Row {
  readonly name: string;
  /** `null` if the op threw. The error is in `problem`. */
  readonly error: number | null;
  readonly problem?: string;
}

/** Computes each case on the current backend: the output, then the gradient of each input, or the error. */
async function results(cases: readonly OpCase[]): Promise<readonly (readonly ArrayLike<number>[] | string)[]> {
  const all: (readonly ArrayLike<number>[] | string)[] = [];
  for (const [c, { inputs, gradient, run }] of cases.entries()) {
    let made: tf.Tensor[] = [];
    try {
      made = tf.tidy(() => {
        const xs = inputs.map((input, i) => tf.tensor(numbers(input, 1000 * c + i), [...input.shape]));
        const out = [run(...xs)].flat() as tf.Tensor[];
        if (!gradient) return out.map((t) => tf.clone(t));
        const dy = tf.tensor(numbers({ kind: "any", shape: out[0]?.shape ?? [] }, 1000 * c + 99), out[0]?.shape);
        return [...out, ...tf.grads((...given: tf.Tensor[]) => run(...given) as tf.Tensor)(xs, dy)];
      });
      const read: ArrayLike<number>[] = [];
      for (const t of made) read.push(Float32Array.from(await t.data()));
      all.push(read);
    } catch (cause) {
      all.push(cause instanceof Error ? cause.message : String(cause));
    } finally {
      tf.dispose(made);
    }
  }
  return all;
}

/** Compares every op and gradient on `backend` with cpu. Leaves `backend` current and no tensor behind. */
export async function compareOps(backend: string): Promise<{ rows: readonly Row[]; leaked: number }> {
  await tf.setBackend("cpu");
  const before = tf.memory().numTensors;
  const want = await results(opCases);
  await tf.setBackend(backend);
  const got = await results(opCases);
  const rows = opCases.flatMap(({ name, gradient }, c): readonly Row[] => {
    const [a, b] = [got[c] as readonly ArrayLike<number>[] | string, want[c] as readonly ArrayLike<number>[] | string];
    if (typeof b === "string") return [{ name, error: null, problem: `cpu: ${b}` }];
    if (typeof a === "string") return [{ name, error: null, problem: a }];
    const errors = b.map((reference, i) => disagreement(a[i] ?? [], reference));
    if (!gradient) return [{ name, error: Math.max(...errors) }];
    return [
      { name, error: errors[0] as number },
      { name: `∇ ${name}`, error: Math.max(...errors.slice(1)) },
    ];
  });
  return { rows, leaked: tf.memory().numTensors - before };
}

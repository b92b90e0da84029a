import { runFused } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { OutOfMemoryError } from "../src/index.ts";
import { type EndingHeap, openEndingHeap } from "./ending-heap.ts";
import { randomNumbers } from "./reference.ts";

let heap: EndingHeap;
beforeAll(async () => {
  heap = await openEndingHeap();
});

type Attrs = { [name: string]: unknown };
const SIZES = [5, 12, 3];
const each = <T>(value: T): T[] => SIZES.map(() => value);

const rates = { learningRates: each(0.1), decays: each(0.01) };
const moments = { beta1: 0.9, beta2: 0.99, epsilon: 1e-6, corrections1: each(0.1), corrections2: each(0.01) };
const momentum = { momentum: 0.9, dampening: 0, nesterov: true, rateInVelocity: false, first: each(false) };
const trust = { groups: [0, 1, -1], slots: [0, 1, 2], minRatio: 0, maxRatio: 9, zeroNorm: "one", rmsFloor: 0 };
const lars = { trustCoefficient: 0.1, epsilon: 1e-8, denominator: "velocity", clipToRate: false };

/** Attributes of each kernel beside its lists; of a list of three one tensor is meant where the name is one of these. */
const SINGLE = ["ratios", "weightNorms", "gradNorms", "out", "factor"];
const reports = ["ratios", "weightNorms", "gradNorms"];
const KERNELS: readonly [string, { readonly read: string[]; readonly written: string[]; readonly attrs: Attrs }][] = [
  // First: its moments are written by kernels that need no scratch, its weights by one that does.
  [
    "GraftLamb",
    { read: ["grads"], written: ["variables", "m", "v", ...reports], attrs: { ...rates, ...moments, ...trust } },
  ],
  ["GraftAdam", { read: ["grads"], written: ["variables", "m", "v"], attrs: { ...rates, ...moments } }],
  ["GraftGlobalNorm", { read: ["tensors"], written: ["out"], attrs: {} }],
  [
    "GraftLars",
    {
      read: ["grads"],
      written: ["variables", "velocities", ...reports],
      attrs: { ...rates, ...momentum, ...trust, ...lars },
    },
  ],
  ["GraftScaleAll", { read: ["tensors", "factor"], written: ["outputs"], attrs: {} }],
  ["GraftSgd", { read: ["grads"], written: ["variables", "velocities"], attrs: { ...rates, ...momentum } }],
];

/** Tensors of a name, the same each time. */
function make(name: string, seed: number): tf.Tensor[] {
  const random = randomNumbers(seed);
  const sizes = SINGLE.includes(name) ? [reports.includes(name) ? 3 : 1] : SIZES;
  return sizes.map((size) => tf.tensor1d(random(size).map(Math.abs)));
}

const numbers = (tensors: readonly tf.Tensor[]): number[][] => tensors.map((tensor) => [...tensor.dataSync()]);

/**
 * One step with so many allocations granted, on tensors of which each has a second owner, a backup say.
 *
 * @param again makes the step once more where it was refused
 * @returns the numbers after a step that was made, and whether it was refused first
 */
function attempt(
  [name, kernel]: (typeof KERNELS)[number],
  granted: number,
  again: boolean,
): { readonly refused: boolean; readonly after: number[][] } {
  const { numTensors, numDataBuffers, numBytes } = tf.memory();
  const names = [...kernel.read, ...kernel.written];
  const lists = names.map((list, i) => make(list, i + 1));
  const all = lists.flat();
  const owners = all.map((tensor) => tf.clone(tensor));
  const start = numbers(all);
  const attrs: Attrs = { ...kernel.attrs };
  for (const [i, list] of names.entries()) attrs[list] = SINGLE.includes(list) ? lists[i]?.[0] : lists[i];
  let error: unknown;
  const refused = heap.during(granted, () => {
    try {
      runFused(name as never, attrs as never);
    } catch (thrown) {
      error = thrown;
    }
  });
  if (refused) {
    expect(error, `allocation ${granted}`).toBeInstanceOf(OutOfMemoryError);
    expect(numbers(all), `after allocation ${granted}`).toEqual(start);
    if (again) runFused(name as never, attrs as never);
  } else expect(error).toBeUndefined();
  const after = numbers(all);
  expect(numbers(owners)).toEqual(start);
  tf.dispose([...all, ...owners]);
  expect(tf.memory()).toMatchObject({ numTensors, numDataBuffers, numBytes });
  return { refused, after };
}

describe("a fused optimizer step without room", () => {
  it.each(KERNELS)("%s: each allocation failing in turn, nothing is changed and the next step is right", (...entry) => {
    // At first without a step behind each failure: it would make the scratch, whose allocation may fail as well.
    let granted = 0;
    while (attempt(entry, granted, false).refused) granted++;
    const expected = attempt(entry, granted, false).after;
    expect(granted).toBeGreaterThanOrEqual(entry[1].written.length);
    for (granted = 0; ; granted++) {
      const { refused, after } = attempt(entry, granted, true);
      expect(after, `the step after allocation ${granted}`).toEqual(expected);
      if (!refused) break;
    }
  });
});

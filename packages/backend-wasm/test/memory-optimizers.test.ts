import { runFused } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { OutOfMemoryError } from "../src/index.ts";
import { type LimitedHeap, openLimitedHeap } from "./limited-heap.ts";
import { randomNumbers } from "./reference.ts";

let heap: LimitedHeap;
beforeAll(async () => {
  heap = await openLimitedHeap();
});

type Attrs = { [name: string]: unknown };
const SIZES = [5, 12, 3];
const each = <T>(value: T): T[] => SIZES.map(() => value);

const rates = { learningRates: each(0.1), decays: each(0.01) };
const moments = { beta1: 0.9, beta2: 0.99, epsilon: 1e-6, corrections1: each(0.1), corrections2: each(0.01) };
const momentum = { momentum: 0.9, dampening: 0, nesterov: true, rateInVelocity: false, first: each(false) };
const trust = { groups: [0, 1, -1], slots: [0, 1, 2], minRatio: 0, maxRatio: 9, zeroNorm: "one", rmsFloor: 0 };
const lars = { trustCoefficient: 0.1, epsilon: 1e-8, denominator: "velocity", clipToRate: false };

/** Attributes that are one tensor instead of a list of three. */
const SINGLE = ["ratios", "weightNorms", "gradNorms", "out", "factor"];
const reports = ["ratios", "weightNorms", "gradNorms"];
const KERNELS: readonly [string, { readonly read: string[]; readonly written: string[]; readonly attrs: Attrs }][] = [
  // LAMB is first: the kernels that write its moments need no scratch, and the one that writes its weights does.
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

/** Makes the tensors of an attribute. They are the same in each call. */
function make(name: string, seed: number): tf.Tensor[] {
  const random = randomNumbers(seed);
  const sizes = SINGLE.includes(name) ? [reports.includes(name) ? 3 : 1] : SIZES;
  return sizes.map((size) => tf.tensor1d(random(size).map(Math.abs)));
}

const numbers = (tensors: readonly tf.Tensor[]): number[][] => tensors.map((tensor) => [...tensor.dataSync()]);

/**
 * Runs one step with a number of granted allocations. Each of its tensors has a second owner, such as a backup.
 *
 * @param again whether to run the step again if an allocation was refused
 * @returns the numbers after the step, and whether an allocation was refused
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
  it.each(KERNELS)("%s: whichever allocation fails, nothing is changed and the next step is right", (...entry) => {
    // The first loop does not repeat the step, which would allocate the scratch. That allocation must fail in its turn, too.
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

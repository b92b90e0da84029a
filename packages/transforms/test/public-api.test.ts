import { join } from "node:path";
import { expect, it } from "vitest";
import { publicApi } from "../../../tools/public-api.ts";
import * as api from "../src/index.ts";

const { exported, doc, tags, bareOptions } = publicApi(join(import.meta.dirname, "../src/index.ts"));

it("exports these values and no others", () => {
  expect(Object.keys(api).sort()).toMatchInlineSnapshot(`
    [
      "accumulate",
      "addDecayedWeights",
      "applyIfFinite",
      "checkFinite",
      "conditionally",
      "constant",
      "cosine",
      "decoupledWeightDecay",
      "ema",
      "exponential",
      "gradientStats",
      "isSized",
      "linear",
      "oneCycle",
      "partition",
      "piecewise",
      "plugins",
      "polynomial",
      "rmsprop",
      "scheduleFreeAdamw",
      "scheduleFreeSgd",
      "sequence",
      "stepDecay",
      "swapInAverage",
      "swapInEma",
      "updateIfFinite",
      "updateStats",
      "warmup",
      "warmupCosine",
    ]
  `);
});

it("exports these types and no others", () => {
  const types = exported.map(({ name }) => name).filter((name) => !(name in api));
  expect(types.sort()).toMatchInlineSnapshot(`
    [
      "AccumulateOptions",
      "AccumulateState",
      "AddDecayedWeightsOptions",
      "ApplyIfFiniteOptions",
      "ApplyIfFiniteState",
      "Averaging",
      "ConstantOptions",
      "CosineOptions",
      "DecoupledWeightDecayOptions",
      "EmaOptions",
      "EmaState",
      "ExponentialOptions",
      "FiniteReport",
      "Labels",
      "LinearOptions",
      "OneCycleOptions",
      "PiecewiseOptions",
      "PolynomialOptions",
      "RmspropOptions",
      "RmspropState",
      "ScheduleFreeAdamwOptions",
      "ScheduleFreeRule",
      "ScheduleFreeSgdOptions",
      "ScheduleFreeState",
      "SequenceOptions",
      "SequencePart",
      "SizedSchedule",
      "StepDecayOptions",
      "UpdateIfFiniteState",
      "WarmupCosineOptions",
      "WarmupOptions",
      "When",
    ]
  `);
});

it("every exported function and class has a doc comment", () => {
  const values = exported.filter(({ name }) => name in api);
  expect(values.length).toBe(Object.keys(api).length);
  expect(values.filter(({ symbol }) => doc(symbol).length < 20).map(({ name }) => name)).toEqual([]);
});

it("every factory that checks its options says so, and every one from a paper names the paper", () => {
  const optioned = [
    "accumulate",
    "addDecayedWeights",
    "applyIfFinite",
    "ema",
    "conditionally",
    "partition",
    "constant",
    "linear",
    "polynomial",
    "cosine",
    "oneCycle",
    "exponential",
    "stepDecay",
    "piecewise",
    "warmup",
    "warmupCosine",
    "decoupledWeightDecay",
  ];
  for (const name of optioned) expect(tags(name), name).toContain("throws");
  for (const name of ["ema", "cosine", "oneCycle", "warmupCosine"])
    expect(doc((exported.find((one) => one.name === name) as (typeof exported)[number]).symbol), name).toMatch(
      /(19|20)\d\d/,
    );
});

it("every option has a doc comment", () => {
  expect(exported.filter(({ name }) => name.endsWith("Options")).length).toBeGreaterThan(10);
  expect(bareOptions([])).toEqual([]);
});

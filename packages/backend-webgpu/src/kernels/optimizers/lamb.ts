import type { FusedKernels } from "@graftjs/core";
import type { StockInternals } from "../../device/internals.ts";
import { bufferOf, writableBuffer } from "../dispatch/buffers.ts";
import { dispatchStep, submit } from "../dispatch/dispatch.ts";
import { scratch } from "../dispatch/scratch.ts";
import { assertLists } from "../dispatch/tensor-lists.ts";
import type { StepShader } from "../dispatch/wgsl.ts";
import { reduction, reductionGroups, SUMS } from "./safe-norms.ts";
import { dispatchRatios } from "./trust-ratio.ts";

const NUMBERS = ["rate", "correction1", "correction2", "decay"];
const SHARED = ["beta1", "rest1", "beta2", "rest2", "epsilon"];

/** u = m̂/(√v̂ + ε) + βw. */
const DIRECTION = "(m / p.correction1) / (sqrt(v / p.correction2) + s.epsilon) + p.decay * w";

/** Updates the moments, and sums ‖w‖² and ‖u‖². */
const measure: StepShader = {
  key: "GraftLamb/measure",
  written: ["m", "v"],
  read: ["w", "g"],
  numbers: NUMBERS,
  shared: SHARED,
  common: { partials: "read_write" },
  ...reduction(["w", "d"]),
  element: (a) => `
      let w = ${a("w")};
      let g = ${a("g")};
      let m = s.beta1 * ${a("m")} + s.rest1 * g;
      let v = s.beta2 * ${a("v")} + s.rest2 * (g * g);
      ${a("m")} = m;
      ${a("v")} = v;
      sum_w += blue(w);
      sum_d += blue(${DIRECTION});`,
};

/** w ← w − γλu. Computing u again is cheaper than storing it. */
const apply: StepShader = {
  key: "GraftLamb/apply",
  written: ["w"],
  read: ["m", "v"],
  numbers: NUMBERS,
  shared: SHARED,
  common: { lambdas: "read" },
  before: "let lambda = lambdas[2u * p.index];",
  element: (a) => `
      let w = ${a("w")};
      let m = ${a("m")};
      let v = ${a("v")};
      ${a("w")} = w - p.rate * (lambda * (${DIRECTION}));`,
};

/** Runs `GraftLamb`: moments and norms of all tensors, all ratios in one dispatch, then the steps in place. */
export function lambKernel(backend: StockInternals, a: FusedKernels["GraftLamb"]): void {
  assertLists("GraftLamb", { variables: a.variables, m: a.m, v: a.v, grads: a.grads }, ["variables", "m", "v"]);
  assertLists("GraftLamb", { ratios: [a.ratios], weightNorms: [a.weightNorms], gradNorms: [a.gradNorms] }, [
    "ratios",
    "weightNorms",
    "gradNorms",
  ]);
  const w = a.variables.map((variable) => writableBuffer(backend, variable));
  const m = a.m.map((tensor) => writableBuffer(backend, tensor));
  const v = a.v.map((tensor) => writableBuffer(backend, tensor));
  const g = a.grads.map((grad) => bufferOf(backend, grad));
  const sizes = a.variables.map(({ size }) => size);
  const tensors = (lists: readonly (readonly GPUBuffer[])[]) =>
    sizes.map((size, i) => ({
      size,
      buffers: lists.map((list) => list[i] as GPUBuffer),
      numbers: [a.learningRates[i], a.corrections1[i], a.corrections2[i], a.decays[i]] as number[],
    }));
  const shared = [a.beta1, 1 - a.beta1, a.beta2, 1 - a.beta2, a.epsilon];
  const groups = reductionGroups(sizes);
  const partials = scratch(backend, 4 * SUMS * 2 * Math.max(1, sizes.length * groups));
  dispatchStep(backend, measure, tensors([m, v, w, g]), shared, [partials], groups);
  const formula = { trustCoefficient: 1, epsilon: 0, denominator: "decayed", clipToRate: false } as const;
  const lambdas = dispatchRatios(backend, a, formula, sizes, a.learningRates, partials, groups);
  dispatchStep(backend, apply, tensors([w, m, v]), shared, [lambdas]);
  submit(backend);
}

import type { FusedKernels } from "@graftjs/core";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { StockInternals } from "../../device/internals.ts";
import { bufferOf, writableBuffer } from "../dispatch/buffers.ts";
import { dispatchStep, submit } from "../dispatch/dispatch.ts";
import { assertLists } from "../dispatch/tensor-lists.ts";
import type { StepShader } from "../dispatch/wgsl.ts";

const step: StepShader = {
  key: "GraftAdam",
  written: ["w", "m", "v"],
  read: ["g"],
  numbers: ["rate", "correction1", "correction2", "decay"],
  // 1 − β is computed on the host, because in float32 it would lose digits that the composed path has.
  shared: ["beta1", "rest1", "beta2", "rest2", "epsilon"],
  element: (a) => `
      let g = ${a("g")};
      let m = s.beta1 * ${a("m")} + s.rest1 * g;
      let v = s.beta2 * ${a("v")} + s.rest2 * (g * g);
      ${a("m")} = m;
      ${a("v")} = v;
      let w = ${a("w")};
      ${a("w")} = w - p.rate * ((m / p.correction1) / (sqrt(v / p.correction2) + s.epsilon) + p.decay * w);`,
};

/** Runs `GraftAdam`: a step of Adam or AdamW in place, with several tensors per dispatch. */
export function adamKernel(backend: StockInternals, a: FusedKernels["GraftAdam"]): void {
  assertLists("GraftAdam", { variables: a.variables, m: a.m, v: a.v, grads: a.grads }, ["variables", "m", "v"]);
  const tensors = a.variables.map((variable, i) => ({
    size: variable.size,
    buffers: [
      writableBuffer(backend, variable),
      writableBuffer(backend, a.m[i] as Tensor),
      writableBuffer(backend, a.v[i] as Tensor),
      bufferOf(backend, a.grads[i] as Tensor),
    ],
    numbers: [a.learningRates[i], a.corrections1[i], a.corrections2[i], a.decays[i]] as number[],
  }));
  dispatchStep(backend, step, tensors, [a.beta1, 1 - a.beta1, a.beta2, 1 - a.beta2, a.epsilon]);
  submit(backend);
}

import type { FusedKernels } from "@graftjs/core";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { StockInternals } from "../../device/internals.ts";
import { bufferOf, writableBuffer } from "../dispatch/buffers.ts";
import { dispatchStep, submit } from "../dispatch/dispatch.ts";
import { assertLists } from "../dispatch/tensor-lists.ts";
import type { StepShader } from "../dispatch/wgsl.ts";

/** w ← w − γ·g. */
const plain: StepShader = {
  key: "GraftSgd",
  written: ["w"],
  read: ["g"],
  numbers: ["rate"],
  shared: [],
  element: (a) => `${a("w")} -= p.rate * ${a("g")};`,
};

/** Updates velocity and weights in one pass. The form of momentum is decided when the shader is written. */
function withMomentum(rateInVelocity: boolean, nesterov: boolean): StepShader {
  const inside = rateInVelocity ? "p.rate * " : "";
  const outside = rateInVelocity ? "" : "p.rate * ";
  return {
    key: `GraftSgd/momentum/${rateInVelocity}/${nesterov}`,
    written: ["w", "v"],
    read: ["g"],
    numbers: ["rate", "first"],
    shared: ["momentum", "keep"],
    element: (a) => `
      let g = ${inside}${a("g")};
      var v = s.momentum * ${a("v")} + s.keep * g;
      ${rateInVelocity ? "" : "if (p.first != 0.0) { v = g; }"}
      ${a("v")} = v;
      ${a("w")} -= ${outside}${nesterov ? "(g + s.momentum * v)" : "v"};`,
  };
}

/** Runs `GraftSgd`: a step of SGD in place, with several tensors per dispatch. */
export function sgdKernel(
  backend: StockInternals,
  {
    variables,
    grads,
    velocities,
    learningRates,
    first,
    momentum,
    dampening,
    nesterov,
    rateInVelocity,
  }: FusedKernels["GraftSgd"],
): void {
  const moving = velocities.length > 0;
  const lists = { variables, ...(moving ? { velocities } : {}), grads };
  assertLists("GraftSgd", lists, ["variables", "velocities"]);
  const tensors = variables.map((variable, i) => {
    const velocity = velocities[i];
    return {
      size: variable.size,
      buffers: [
        writableBuffer(backend, variable),
        ...(velocity ? [writableBuffer(backend, velocity)] : []),
        bufferOf(backend, grads[i] as Tensor),
      ],
      numbers: [learningRates[i] as number, ...(moving ? [first[i] ? 1 : 0] : [])],
    };
  });
  if (moving) dispatchStep(backend, withMomentum(rateInVelocity, nesterov), tensors, [momentum, 1 - dampening]);
  else dispatchStep(backend, plain, tensors, []);
  submit(backend);
}

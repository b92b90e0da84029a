import type { FusedKernels } from "@graftjs/core";
import type { StockInternals } from "../../device/internals.ts";
import { bufferOf, writableBuffer } from "../dispatch/buffers.ts";
import { dispatchStep, submit } from "../dispatch/dispatch.ts";
import { scratch } from "../dispatch/scratch.ts";
import { assertLists } from "../dispatch/tensor-lists.ts";
import type { StepShader } from "../dispatch/wgsl.ts";
import { reduction, reductionGroups, SUMS } from "./safe-norms.ts";
import { dispatchRatios, type RatioFormula } from "./trust-ratio.ts";

/** Choices that are made when a shader is written, not for each element. */
interface Form {
  readonly denominator: RatioFormula["denominator"];
  readonly rateInVelocity: boolean;
  readonly nesterov: boolean;
  readonly moving: boolean;
}

const PER_TENSOR = ["rate", "decay", "first"];
const SHARED = ["momentum", "keep"];

/** Sums ‖w‖² and the square of the norm that divides it. If this is the norm of the velocity, the velocity is updated here. */
function measure({ denominator, nesterov, moving }: Form): StepShader {
  const moves = denominator === "velocity" && moving;
  return {
    key: `GraftLars/measure/${denominator}/${nesterov}/${moving}`,
    written: moves ? ["v"] : [],
    read: ["w", "g"],
    numbers: PER_TENSOR,
    shared: SHARED,
    common: { partials: "read_write" },
    ...reduction(["w", "d"]),
    element: (a) => `
      let w = ${a("w")};
      let g = ${a("g")};
      let u_ = g + p.decay * w;
      ${
        moves
          ? `var v = s.momentum * ${a("v")} + s.keep * u_;
      if (p.first != 0.0) { v = u_; }
      ${a("v")} = v;
      let d = ${nesterov ? "u_ + s.momentum * v" : "v"};`
          : `let d = ${denominator === "gradient" ? "g" : "u_"};`
      }
      sum_w += blue(w);
      sum_d += blue(d);`,
  };
}

/** Updates the weights, once λ is known. */
function apply({ denominator, rateInVelocity, nesterov, moving }: Form): StepShader {
  const moves = moving && denominator !== "velocity";
  return {
    key: `GraftLars/apply/${denominator}/${rateInVelocity}/${nesterov}/${moving}`,
    written: moves ? ["w", "v"] : ["w"],
    read: moving && !moves ? ["v", "g"] : ["g"],
    numbers: PER_TENSOR,
    shared: SHARED,
    common: { lambdas: "read" },
    before: `let lambda = lambdas[2u * p.index];
    let decay = p.decay * lambdas[2u * p.index + 1u];`,
    element: (a) => `
      let w = ${a("w")};
      let u_ = ${a("g")} + decay * w;
      ${step(a, { denominator, rateInVelocity, nesterov, moving })}`,
  };
}

function step(a: (name: string) => string, { denominator, rateInVelocity, nesterov, moving }: Form): string {
  if (!moving) return `${a("w")} = w - p.rate * (lambda * u_);`;
  if (denominator === "velocity") {
    const s = nesterov ? `(u_ + s.momentum * ${a("v")})` : `${a("v")}`;
    return `${a("w")} = w - p.rate * (lambda * ${s});`;
  }
  return `
      let d = ${rateInVelocity ? "p.rate * " : ""}lambda * u_;
      var v = s.momentum * ${a("v")} + s.keep * d;
      ${rateInVelocity ? "" : "if (p.first != 0.0) { v = d; }"}
      ${a("v")} = v;
      ${a("w")} = w - ${rateInVelocity ? "" : "p.rate * "}${nesterov ? "(d + s.momentum * v)" : "v"};`;
}

/** Runs `GraftLars`: the norms of all tensors, all ratios in one dispatch, then the steps in place. */
export function larsKernel(backend: StockInternals, a: FusedKernels["GraftLars"]): void {
  const moving = a.velocities.length > 0;
  assertLists(
    "GraftLars",
    { variables: a.variables, ...(moving ? { velocities: a.velocities } : {}), grads: a.grads },
    ["variables", "velocities"],
  );
  assertLists("GraftLars", { ratios: [a.ratios], weightNorms: [a.weightNorms], gradNorms: [a.gradNorms] }, [
    "ratios",
    "weightNorms",
    "gradNorms",
  ]);
  const form: Form = { denominator: a.denominator, rateInVelocity: a.rateInVelocity, nesterov: a.nesterov, moving };
  const w = a.variables.map((variable) => writableBuffer(backend, variable));
  const v = a.velocities.map((velocity) => writableBuffer(backend, velocity));
  const g = a.grads.map((grad) => bufferOf(backend, grad));
  const sizes = a.variables.map(({ size }) => size);
  const tensors = (lists: readonly (readonly GPUBuffer[])[]) =>
    sizes.map((size, i) => ({
      size,
      buffers: lists.map((list) => list[i] as GPUBuffer),
      numbers: [a.learningRates[i], a.decays[i], a.first[i] ? 1 : 0] as number[],
    }));
  const shared = [a.momentum, 1 - a.dampening];
  const groups = reductionGroups(sizes);
  const partials = scratch(backend, 4 * SUMS * 2 * Math.max(1, sizes.length * groups));
  const measuring = form.denominator === "velocity" && moving;
  dispatchStep(backend, measure(form), tensors(measuring ? [v, w, g] : [w, g]), shared, [partials], groups);
  const lambdas = dispatchRatios(backend, a, a, sizes, a.learningRates, partials, groups);
  dispatchStep(backend, apply(form), tensors(moving ? [w, v, g] : [w, g]), shared, [lambdas]);
  submit(backend);
}

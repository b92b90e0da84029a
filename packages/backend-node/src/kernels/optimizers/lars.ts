import type { FusedKernels } from "@graftjs/core";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { NativeTensor } from "../../load/native-backend-types.ts";
import type { GraftNative, Native, RunGraft } from "../native.ts";
import { checkLists } from "./check-lists.ts";
import { type ListArithmetic, listArithmetic } from "./list-arithmetic.ts";
import { reportsOf, type Trust, trustOf } from "./trust-ratio.ts";
import { writeTensor } from "./write-tensor.ts";

/** Runs `GraftLars`: a step of LARS in any dialect, in a few calls for all variables together. */
export function larsKernel(native: GraftNative, step: FusedKernels["GraftLars"]): void {
  const { runGraft } = native;
  const lists = listArithmetic(native, runGraft);
  const { variables, grads, velocities, ratios, weightNorms, gradNorms } = step;
  checkLists("GraftLars", variables, { grads, ...(step.momentum === 0 ? {} : { velocities }) });
  checkLists("GraftLars", [ratios], { weightNorms: [weightNorms], gradNorms: [gradNorms] });
  const made: NativeTensor[] = [];
  try {
    const byVelocity = step.denominator === "velocity" && step.momentum !== 0;
    const { trusts, values } = byVelocity
      ? throughVelocity(native, lists, step, made)
      : throughGradient(native, runGraft, lists, step, made);
    const reports = reportsOf(step, trusts).map((list) => vector(native, list));
    const written = [...variables, ...(step.momentum === 0 ? [] : velocities), ratios, weightNorms, gradNorms];
    for (const [i, value] of [...values, ...reports].entries()) writeTensor(native, written[i] as Tensor, value);
  } finally {
    native.free(...made);
  }
}

/** Ratios and new values. The values are in the order of the variables, then of the velocities. */
interface StepResult {
  readonly trusts: readonly Trust[];
  readonly values: readonly NativeTensor[];
}

/** Takes a step of SGD with λ(g + βw) in place of the gradient. */
function throughGradient(
  native: Native,
  runGraft: RunGraft,
  lists: ListArithmetic,
  step: FusedKernels["GraftLars"],
  made: NativeTensor[],
): StepResult {
  const { variables, grads, learningRates, momentum, dampening, nesterov, rateInVelocity, denominator } = step;
  const velocities = momentum === 0 ? [] : step.velocities;
  const [w, g] = [variables.map(native.id), grads.map(native.id)];
  const shapes = variables.map(({ shape }) => shape);
  const ones = variables.map(() => 1);
  let divided = g;
  if (denominator !== "gradient") {
    const decayed = lists.blend(g, w, ones, step.decays, shapes);
    made.push(...decayed);
    divided = decayed.map(({ id }) => id);
  }
  const trusts = trustOf(step, lists.norms(w), lists.norms(divided), step).map((trust, i) =>
    step.clipToRate && (step.groups[i] as number) >= 0 ? clipped(trust, learningRates[i] as number) : trust,
  );
  const betas = trusts.map(({ ratio, dropDecay }, i) => (dropDecay ? 0 : ratio * (step.decays[i] as number)));
  const scaled = lists.blend(
    g,
    w,
    trusts.map(({ ratio }) => ratio),
    betas,
    shapes,
  );
  made.push(...scaled);
  const numbers = [variables.length, momentum, dampening, Number(nesterov), Number(rateInVelocity), ...learningRates];
  const values = runGraft(
    "sgdStep",
    [...w, ...scaled.map(({ id }) => id), ...velocities.map(native.id)],
    [...numbers, ...step.first.map(Number)],
    [...variables, ...velocities].map(({ shape }) => shape),
  );
  return { trusts, values };
}

/** Updates the velocity first and divides by its norm. */
function throughVelocity(
  native: Native,
  lists: ListArithmetic,
  step: FusedKernels["GraftLars"],
  made: NativeTensor[],
): StepResult {
  const { variables, grads, velocities, learningRates, first, momentum, dampening, nesterov } = step;
  const w = variables.map(native.id);
  const shapes = variables.map(({ shape }) => shape);
  const ones = variables.map(() => 1);
  const decayed = lists.blend(grads.map(native.id), w, ones, step.decays, shapes);
  made.push(...decayed);
  const u = decayed.map(({ id }) => id);
  const next = lists.blend(
    velocities.map(native.id),
    u,
    first.map((isFirst) => (isFirst ? 0 : momentum)),
    first.map((isFirst) => (isFirst ? 1 : 1 - dampening)),
    shapes,
  );
  const v = next.map(({ id }) => id);
  const steps = nesterov
    ? lists.blend(
        u,
        v,
        ones,
        ones.map(() => momentum),
        shapes,
      )
    : [];
  made.push(...steps);
  const s = nesterov ? steps.map(({ id }) => id) : v;
  const trusts = trustOf(step, lists.norms(w), lists.norms(s), step).map((trust, i) =>
    step.clipToRate && (step.groups[i] as number) >= 0 ? clipped(trust, learningRates[i] as number) : trust,
  );
  const moved = lists.blend(
    w,
    s,
    ones,
    trusts.map(({ ratio }, i) => -ratio * (learningRates[i] as number)),
    shapes,
  );
  return { trusts, values: [...moved, ...next] };
}

/** Limits the effective rate to the learning rate, as LARC does. */
function clipped(trust: Trust, rate: number): Trust {
  return { ...trust, ratio: rate === 0 ? 1 : Math.min(trust.ratio / rate, 1) };
}

/** Makes a float32 vector of these values. */
export function vector({ backend: { binding } }: Native, values: Float32Array): NativeTensor {
  return {
    id: binding.createTensor([values.length], binding.TF_FLOAT, values),
    shape: [values.length],
    dtype: binding.TF_FLOAT,
  };
}

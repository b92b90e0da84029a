import type { FusedKernels } from "@graftjs/core";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { NativeTensor } from "../../load/native-backend-types.ts";
import type { Native, RunGraft } from "../native.ts";
import { checkLists } from "./check-lists.ts";
import { type AddWrite, composedStep } from "./composed-step.ts";
import type { Scalars } from "./step-scalars.ts";
import { writeTensor } from "./write-tensor.ts";

/** Runs `GraftSgd`: a step of SGD for a list of variables. Nothing is written before all values are computed. */
export function sgdKernel(native: Native, step: FusedKernels["GraftSgd"]): void {
  checkLists("GraftSgd", step.variables, {
    grads: step.grads,
    ...(step.velocities.length > 0 ? { velocities: step.velocities } : {}),
  });
  if (native.runGraft) stepInOneCall(native, native.runGraft, step);
  else composedStep(native, step.variables, (i, scalars, add) => updateOf(native, step, i, scalars, add));
}

/** Computes the whole step in one call of our own kernel. */
function stepInOneCall(native: Native, runGraft: RunGraft, step: FusedKernels["GraftSgd"]): void {
  const { variables, grads, velocities, learningRates, first, momentum, dampening, nesterov, rateInVelocity } = step;
  const written = [...variables, ...velocities];
  const numbers = [
    variables.length,
    momentum,
    dampening,
    Number(nesterov),
    Number(rateInVelocity),
    ...learningRates,
    ...first.map(Number),
  ];
  const ids = [...variables, ...grads, ...velocities].map(native.id);
  const values = runGraft(
    "sgdStep",
    ids,
    numbers,
    written.map((tensor) => tensor.shape),
  );
  written.forEach((tensor, i) => {
    writeTensor(native, tensor, values[i] as NativeTensor);
  });
}

/** Returns the value to subtract from variable i. If it is `owned`, the caller must free it. */
function updateOf(
  native: Native,
  step: FusedKernels["GraftSgd"],
  i: number,
  scalars: Scalars,
  add: AddWrite,
): NativeTensor & { readonly owned: boolean } {
  const { attr, free, id, execute } = native;
  const times = (tensor: number, factor: number): NativeTensor =>
    execute("Mul", attr.float, [tensor, scalars.of(factor)]);
  const plus = (a: NativeTensor, b: number): NativeTensor => {
    const sum = execute("AddV2", attr.float, [a.id, b]);
    free(a);
    return sum;
  };
  const { momentum, dampening, nesterov, rateInVelocity } = step;
  const grad = id(step.grads[i] as Tensor);
  const rate = step.learningRates[i] as number;
  const velocity = step.velocities[i];
  if (velocity === undefined) return { ...times(grad, rate), owned: true };
  const first = step.first[i] === true;
  const share = (first && !rateInVelocity ? 1 : 1 - dampening) * (rateInVelocity ? rate : 1);
  const scaled = share === 1 ? undefined : times(grad, share);
  const next = add(
    velocity,
    first
      ? (scaled ?? execute("Identity", attr.float, [grad]))
      : plus(times(id(velocity), momentum), scaled?.id ?? grad),
  );
  if (!first) free(scaled);
  if (!nesterov) return rateInVelocity ? { ...next, owned: false } : { ...times(next.id, rate), owned: true };
  const gradNow = rateInVelocity ? times(grad, rate) : undefined;
  const ahead = plus(times(next.id, momentum), gradNow?.id ?? grad);
  free(gradNow);
  if (rateInVelocity) return { ...ahead, owned: true };
  const update = times(ahead.id, rate);
  free(ahead);
  return { ...update, owned: true };
}

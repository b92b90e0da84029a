import type { FusedKernels } from "@graftjs/core";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { NativeTensor } from "../../load/native-backend-types.ts";
import type { Native, RunGraft } from "../native.ts";
import { checkLists } from "./check-lists.ts";
import { type AddWrite, composedStep } from "./composed-step.ts";
import type { Scalars } from "./step-scalars.ts";
import { writeTensor } from "./write-tensor.ts";

/**
 * Runs `GraftAdam`: a step of Adam or AdamW for a list of variables. Without our own kernels it is composed of plain operations.
 * TensorFlow's `ResourceApplyAdam` cannot be used, because it adds ε at another place and needs resource variables.
 */
export function adamKernel(native: Native, step: FusedKernels["GraftAdam"]): void {
  checkLists("GraftAdam", step.variables, { grads: step.grads, m: step.m, v: step.v });
  if (native.runGraft) stepInOneCall(native, native.runGraft, step);
  else composedStep(native, step.variables, (i, scalars, add) => updateOf(native, step, i, scalars, add));
}

/** Computes the whole step in one call of our own kernel. */
function stepInOneCall(native: Native, runGraft: RunGraft, step: FusedKernels["GraftAdam"]): void {
  const { variables, grads, m, v, learningRates, corrections1, corrections2, decays, beta1, beta2, epsilon } = step;
  const written = [...variables, ...m, ...v];
  const numbers = [
    variables.length,
    beta1,
    beta2,
    epsilon,
    ...learningRates,
    ...corrections1,
    ...corrections2,
    ...decays,
  ];
  const values = runGraft(
    "adamStep",
    [...variables, ...grads, ...m, ...v].map(native.id),
    numbers,
    written.map((tensor) => tensor.shape),
  );
  written.forEach((tensor, i) => {
    writeTensor(native, tensor, values[i] as NativeTensor);
  });
}

/** Returns the value to subtract from variable i. Adds the new moments to the pending writes. */
function updateOf(
  native: Native,
  step: FusedKernels["GraftAdam"],
  i: number,
  scalars: Scalars,
  add: AddWrite,
): NativeTensor {
  const { attr, free, id, execute } = native;
  const binary = (name: string, a: number, b: number): NativeTensor => execute(name, attr.float, [a, b]);
  const times = (tensor: number, factor: number): NativeTensor => binary("Mul", tensor, scalars.of(factor));
  /** Like `binary`, but frees the operands. */
  const join = (name: string, a: NativeTensor, b: NativeTensor): NativeTensor => {
    const joined = binary(name, a.id, b.id);
    free(a, b);
    return joined;
  };
  const { beta1, beta2, epsilon } = step;
  const grad = id(step.grads[i] as Tensor);
  const square = execute("Square", attr.float, [grad]);
  const [m, v] = [step.m[i] as Tensor, step.v[i] as Tensor];
  const nextM = add(m, join("AddV2", times(id(m), beta1), times(grad, 1 - beta1)));
  const nextV = add(v, join("AddV2", times(id(v), beta2), times(square.id, 1 - beta2)));
  const vHat = binary("RealDiv", nextV.id, scalars.of(step.corrections2[i] as number));
  const root = execute("Sqrt", attr.float, [vHat.id]);
  const denominator = binary("AddV2", root.id, scalars.of(epsilon));
  const mHat = binary("RealDiv", nextM.id, scalars.of(step.corrections1[i] as number));
  free(square, vHat, root);
  const direction = join("RealDiv", mHat, denominator);
  const decay = step.decays[i] as number;
  const decayed = decay === 0 ? direction : join("AddV2", direction, times(id(step.variables[i] as Tensor), decay));
  const update = times(decayed.id, step.learningRates[i] as number);
  free(decayed);
  return update;
}

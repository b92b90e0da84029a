import type { FusedKernels } from "@graftjs/core";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { GraftNative } from "../native.ts";
import { checkLists } from "./check-lists.ts";
import { vector } from "./lars.ts";
import { listArithmetic } from "./list-arithmetic.ts";
import { reportsOf, trustOf } from "./trust-ratio.ts";
import { writeTensor } from "./write-tensor.ts";

/** Runs `GraftLamb`: a step of LAMB for all variables together. */
export function lambKernel(native: GraftNative, step: FusedKernels["GraftLamb"]): void {
  const { runGraft } = native;
  const lists = listArithmetic(native, runGraft);
  const { variables, grads, m, v, learningRates, ratios, weightNorms, gradNorms } = step;
  checkLists("GraftLamb", variables, { grads, m, v });
  checkLists("GraftLamb", [ratios], { weightNorms: [weightNorms], gradNorms: [gradNorms] });
  const n = variables.length;
  const shapes = variables.map(({ shape }) => shape);
  const w = variables.map(native.id);
  const { beta1, beta2, epsilon } = step;
  const numbers = [n, beta1, beta2, epsilon, ...step.corrections1, ...step.corrections2, ...step.decays];
  const found = runGraft("lambDirections", [...w, ...[...grads, ...m, ...v].map(native.id)], numbers, [
    ...shapes,
    ...shapes,
    ...shapes,
  ]);
  const directions = found.slice(0, n);
  const u = directions.map(({ id }) => id);
  const formula = { trustCoefficient: 1, epsilon: 0, denominator: "decayed" } as const;
  const trusts = trustOf(step, lists.norms(w), lists.norms(u), formula);
  const moved = lists.blend(
    w,
    u,
    variables.map(() => 1),
    trusts.map(({ ratio }, i) => -ratio * (learningRates[i] as number)),
    shapes,
  );
  native.free(...directions);
  const reports = reportsOf(step, trusts).map((list) => vector(native, list));
  const written = [...variables, ...m, ...v, ratios, weightNorms, gradNorms];
  for (const [i, value] of [...moved, ...found.slice(n), ...reports].entries())
    writeTensor(native, written[i] as Tensor, value);
}

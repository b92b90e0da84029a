import type { FusedKernels } from "@graftjs/core";
import type * as tf from "@tensorflow/tfjs-core";
import type { Heap } from "../../heap/heap.ts";
import { eachNumber } from "../../threads/work-sharing.ts";
import { FusedAttributes } from "./attributes.ts";
import { report, reportTensors } from "./lars.ts";
import { norm } from "./norms.ts";
import { groupTrust, readTrustAttributes, type Trust, trustUnits, untouched } from "./trust-ratio.ts";

/** Most numbers of a direction that are kept, 16 MB. For larger units the direction is computed twice. */
const KEPT = 1 << 22;

/**
 * Computes a step of LAMB in place; see `GraftLamb` in docs/fused-kernels.md. The direction is kept until its norm is known.
 * To compute it again would read the same number of bytes from the two moments, and take a root and a division per number.
 */
export function fusedLamb(heap: Heap, attrs: FusedKernels["GraftLamb"]): void {
  const table = new FusedAttributes("GraftLamb", heap, attrs);
  const variables = table.tensors("variables");
  const grads = table.tensors("grads", variables);
  const m = table.tensors("m", variables);
  const v = table.tensors("v", variables);
  const rates = table.list("learningRates", variables.length);
  const corrections1 = table.list("corrections1", variables.length);
  const corrections2 = table.list("corrections2", variables.length);
  const [beta1, beta2, epsilon] = [table.number("beta1"), table.number("beta2"), table.number("epsilon")];
  const trust = readTrustAttributes(
    table,
    variables.map(({ size }) => size),
  );
  const reported = reportTensors(table);
  table.check();
  table.own(variables, m, v, reported);

  const sizeOf = (i: number): number => (variables[i] as tf.Tensor).size;
  const numbersOf = (unit: readonly number[]): number => unit.reduce((sum, i) => sum + sizeOf(i), 0);
  const largest = Math.max(
    0,
    ...trustUnits(trust)
      .map(numbersOf)
      .filter((numbers) => numbers <= KEPT),
  );
  // Allocated before the first write, because an allocation may fail.
  const room = largest > 0 ? heap.output([largest]) : undefined;
  const roomAt = room ? heap.address(room) : 0;

  const addresses = (i: number): [number, number, number] =>
    [variables[i], m[i], v[i]].map((tensor) => heap.address(tensor as tf.Tensor)) as [number, number, number];
  const factors = (i: number): number[] => [
    epsilon,
    corrections1[i] as number,
    corrections2[i] as number,
    trust.decays[i] as number,
  ];
  /** Writes the moments. Returns the norms of the weights and of the direction. */
  const norms = (i: number, adapted: boolean, kept: number): [number, number] => {
    const [w, pm, pv] = addresses(i);
    const [g, weights] = [heap.address(grads[i] as tf.Tensor), variables[i] as tf.Tensor];
    const betas = [beta1, beta2, 1 - beta1, 1 - beta2];
    const direction = heap.call("lambMoments", w, g, pm, pv, weights.size, ...betas, ...factors(i), kept);
    return [adapted ? norm(heap, weights, { sum: heap.call("lambWeights") }) : 0, Math.sqrt(direction)];
  };
  const found: Trust[] = [];
  const formula = { trustCoefficient: 1, epsilon: 0, denominator: "decayed" } as const;
  for (const unit of trustUnits(trust)) {
    const adapted = (trust.groups[unit[0] as number] as number) >= 0;
    const keeps = numbersOf(unit) <= KEPT;
    const keptAt = unit.map((_, nth) => (keeps ? roomAt + 4 * numbersOf(unit.slice(0, nth)) : 0));
    const both = unit.map((i, nth) => norms(i, adapted, keptAt[nth] as number));
    const [weights, directions] = [both.map(([weight]) => weight), both.map(([, direction]) => direction)];
    const shared = adapted ? groupTrust(trust, unit, weights, directions, formula) : untouched;
    for (const [nth, i] of unit.entries()) {
      found[i] = shared;
      const rate = (rates[i] as number) * shared.ratio;
      const [w, pm, pv] = addresses(i);
      const u = keptAt[nth] as number;
      if (keeps) {
        heap.share("lambStep", sizeOf(i), eachNumber(2), (from, to) => [w + 4 * from, u + 4 * from, to - from, rate]);
        continue;
      }
      heap.share("lambApply", sizeOf(i), eachNumber(10), (from, to) => [
        w + 4 * from,
        pm + 4 * from,
        pv + 4 * from,
        to - from,
        rate,
        ...factors(i),
      ]);
    }
  }
  if (room) heap.free(room);
  report(heap, trust, found, reported);
  table.forgetPacked(variables, m, v, reported);
}

import type { FusedKernels } from "@graftjs/core";
import type * as tf from "@tensorflow/tfjs-core";
import type { Heap } from "../../heap/heap.ts";
import { eachNumber } from "../../threads/work-sharing.ts";
import { type AttributeReader, FusedAttributes } from "./attributes.ts";
import { norm } from "./norms.ts";
import {
  groupTrust,
  readTrustAttributes,
  type Trust,
  type TrustAttributes,
  trustUnits,
  untouched,
} from "./trust-ratio.ts";

/** Computes a step of LARS with momentum in place, in every dialect; see `GraftLars` in docs/fused-kernels.md. */
export function fusedLars(heap: Heap, attrs: FusedKernels["GraftLars"]): void {
  const table = new FusedAttributes("GraftLars", heap, attrs);
  const variables = table.tensors("variables");
  const grads = table.tensors("grads", variables);
  const momentum = table.number("momentum");
  const velocities = momentum === 0 ? [] : table.tensors("velocities", variables);
  const rates = table.list("learningRates", variables.length);
  const first = table.list("first", variables.length);
  const dampening = table.number("dampening");
  const [trustCoefficient, epsilon] = [table.number("trustCoefficient"), table.number("epsilon")];
  const { denominator } = attrs;
  const [nesterov, clipToRate, rateInVelocity] = [attrs.nesterov, attrs.clipToRate, attrs.rateInVelocity].map(Boolean);
  const trust = readTrustAttributes(
    table,
    variables.map(({ size }) => size),
  );
  const reported = reportTensors(table);
  table.check();
  table.own(variables, velocities, reported);

  const grad = (i: number): tf.Tensor => grads[i] as tf.Tensor;
  const decayOf = (i: number): number => trust.decays[i] as number;
  const formula = { trustCoefficient, epsilon, denominator };
  const byVelocity = denominator === "velocity";
  /** Computes v ← m·v + (1−τ)·u without changing the weights. The velocity dialect needs the norm of the new velocity. */
  const advance = (i: number): void => {
    const w = variables[i] as tf.Tensor;
    const at = [w, grad(i), velocities[i] as tf.Tensor].map((tensor) => heap.address(tensor)) as [
      number,
      number,
      number,
    ];
    heap.call("momentum", ...at, w.size, 1, decayOf(i), 1, momentum, 1 - dampening, 1, 0, Number(Boolean(first[i])), 0);
  };
  const dividing = (i: number): number => {
    const w = variables[i] as tf.Tensor;
    if (denominator === "gradient") return norm(heap, grad(i));
    if (denominator === "decayed" || momentum === 0) return norm(heap, grad(i), { w, decay: decayOf(i) });
    const v = velocities[i] as tf.Tensor;
    return nesterov ? norm(heap, grad(i), { w, v, decay: decayOf(i), velocityScale: momentum }) : norm(heap, v);
  };
  const apply = (i: number, { ratio, dropDecay }: Trust): void => {
    const variable = variables[i] as tf.Tensor;
    const rate = rates[i] as number;
    const beta = dropDecay ? 0 : decayOf(i);
    const [w, g, n] = [heap.address(variable), heap.address(grad(i)), variable.size];
    if (momentum === 0) {
      heap.share("sgd", n, eachNumber(4), (from, to) => [
        w + 4 * from,
        g + 4 * from,
        to - from,
        ratio,
        ratio * beta,
        rate,
      ]);
      return;
    }
    const v = heap.address(velocities[i] as tf.Tensor);
    if (byVelocity) {
      if (nesterov) heap.call("descend", w, g, v, n, 1, decayOf(i), momentum, rate * ratio);
      else heap.call("descend", w, g, v, n, 0, 0, 1, rate * ratio);
      return;
    }
    const scale = rateInVelocity ? rate * ratio : ratio;
    const start = !rateInVelocity && Boolean(first[i]);
    heap.share("momentum", n, eachNumber(6), (from, to) => [
      w + 4 * from,
      g + 4 * from,
      v + 4 * from,
      to - from,
      scale,
      scale * beta,
      rateInVelocity ? 1 : rate,
      momentum,
      1 - dampening,
      1,
      Number(nesterov),
      Number(start),
      1,
    ]);
  };

  const found: Trust[] = [];
  for (const unit of trustUnits(trust)) {
    if (byVelocity && momentum !== 0) unit.forEach(advance);
    const adapted = (trust.groups[unit[0] as number] as number) >= 0;
    const weights = adapted ? unit.map((i) => norm(heap, variables[i] as tf.Tensor)) : [];
    const shared = adapted ? groupTrust(trust, unit, weights, unit.map(dividing), formula) : untouched;
    for (const i of unit) {
      const clip = clipToRate && adapted;
      const one = clip ? { ...shared, ratio: clipped(shared.ratio, rates[i] as number) } : shared;
      found[i] = one;
      apply(i, one);
    }
  }
  report(heap, trust, found, reported);
  table.forgetPacked(variables, velocities, reported);
}

/** Clips a ratio as LARC does: the step is at most as large as with the learning rate itself. */
function clipped(ratio: number, rate: number): number {
  return rate === 0 ? 1 : Math.min(ratio / rate, 1);
}

const REPORTS = ["ratios", "weightNorms", "gradNorms"] as const;

/** Reads the three tensors into which a step writes ratios and norms. */
export function reportTensors(
  table: AttributeReader<Pick<FusedKernels["GraftLars"], (typeof REPORTS)[number]>>,
): readonly tf.Tensor[] {
  return REPORTS.map((name) => table.tensor(name));
}

/** Writes ratios and norms into their slots. All other entries become 0. */
export function report(
  heap: Heap,
  { slots }: TrustAttributes,
  found: readonly Trust[],
  reported: readonly tf.Tensor[],
): void {
  const [ratioOf, weightNorm, gradNorm] = reported.map((tensor) => heap.floats(tensor, tensor.size).fill(0)) as Three;
  for (const [i, entry] of found.entries()) {
    const slot = slots[i] as number;
    ratioOf[slot] = entry.ratio;
    weightNorm[slot] = entry.weightNorm;
    gradNorm[slot] = entry.gradNorm;
  }
}

type Three = [Float32Array, Float32Array, Float32Array];

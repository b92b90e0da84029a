import type * as tf from "@tensorflow/tfjs-core";
import type { Heap } from "../simd/heap.ts";
import { norm } from "./norms.ts";
import { ratios, readTrust, type Trust, type TrustTable } from "./trust.ts";
import { Table } from "./writable.ts";

/** LARS with momentum in place, every dialect; docs/fused-kernels.md, `GraftLars`. */
export function fusedLars(heap: Heap, attrs: { readonly [name: string]: unknown }): void {
  const table = new Table("GraftLars", heap, attrs);
  const variables = table.tensors("variables");
  const grads = table.tensors("grads", variables);
  const momentum = table.number("momentum");
  const velocities = momentum === 0 ? [] : table.tensors("velocities", variables);
  const rates = table.list<number>("learningRates", variables.length);
  const first = table.list<boolean>("first", variables.length);
  const dampening = table.number("dampening");
  const [trustCoefficient, epsilon] = [table.number("trustCoefficient"), table.number("epsilon")];
  const denominator = attrs.denominator as "gradient" | "decayed" | "velocity";
  const [nesterov, clipToRate, rateInVelocity] = ["nesterov", "clipToRate", "rateInVelocity"].map((name) =>
    Boolean(attrs[name]),
  );
  const trust = readTrust(
    table,
    attrs,
    variables.map(({ size }) => size),
  );
  const written = reports(table);
  table.check();
  table.own(variables, velocities, written);

  const grad = (i: number): tf.Tensor => grads[i] as tf.Tensor;
  const decayOf = (i: number): number => trust.decays[i] as number;
  const adapted = (i: number): boolean => (trust.groups[i] as number) >= 0;
  const byVelocity = denominator === "velocity";
  // The step of the velocity dialect is made before its norm can be taken; the weights wait.
  if (byVelocity && momentum !== 0) {
    for (const [i, w] of variables.entries()) {
      const v = heap.address(velocities[i] as tf.Tensor);
      heap.call(
        "momentum",
        heap.address(w),
        heap.address(grad(i)),
        v,
        w.size,
        1,
        decayOf(i),
        1,
        momentum,
        1 - dampening,
        1,
        0,
        Number(Boolean(first[i])),
        0,
      );
    }
  }
  const dividing = variables.map((w, i) => {
    if (!adapted(i)) return 0;
    if (denominator === "gradient") return norm(heap, grad(i));
    if (denominator === "decayed" || momentum === 0) return norm(heap, grad(i), { w, decay: decayOf(i) });
    const v = velocities[i] as tf.Tensor;
    return nesterov ? norm(heap, grad(i), { w, v, decay: decayOf(i), velocityScale: momentum }) : norm(heap, v);
  });
  const weights = variables.map((w, i) => (adapted(i) ? norm(heap, w) : 0));
  const found = ratios(trust, weights, dividing, { trustCoefficient, epsilon, denominator }).map((entry, i) =>
    clipToRate && adapted(i) ? { ...entry, ratio: clipped(entry.ratio, rates[i] as number) } : entry,
  );

  for (const [i, variable] of variables.entries()) {
    const { ratio, dropDecay } = found[i] as Trust;
    const rate = rates[i] as number;
    const beta = dropDecay ? 0 : decayOf(i);
    const [w, g, n] = [heap.address(variable), heap.address(grad(i)), variable.size];
    if (momentum === 0) {
      heap.call("sgd", w, g, n, ratio, ratio * beta, rate);
      continue;
    }
    const v = heap.address(velocities[i] as tf.Tensor);
    if (byVelocity) {
      if (nesterov) heap.call("descend", w, g, v, n, 1, decayOf(i), momentum, rate * ratio);
      else heap.call("descend", w, g, v, n, 0, 0, 1, rate * ratio);
      continue;
    }
    const scale = rateInVelocity ? rate * ratio : ratio;
    const start = !rateInVelocity && Boolean(first[i]);
    heap.call(
      "momentum",
      w,
      g,
      v,
      n,
      scale,
      scale * beta,
      rateInVelocity ? 1 : rate,
      momentum,
      1 - dampening,
      1,
      Number(nesterov),
      Number(start),
      1,
    );
  }
  report(heap, trust, found, written);
  table.written(variables, velocities, written);
}

/** LARC: no faster than the rate itself. */
function clipped(ratio: number, rate: number): number {
  return rate === 0 ? 1 : Math.min(ratio / rate, 1);
}

/** The three tensors that a step reports into. */
export function reports(table: Table): readonly tf.Tensor[] {
  return ["ratios", "weightNorms", "gradNorms"].map((name) => table.tensor(name));
}

/** Writes ratios and norms at their slots; everything else becomes 0. */
export function report(
  heap: Heap,
  { slots }: TrustTable,
  found: readonly Trust[],
  written: readonly tf.Tensor[],
): void {
  const [ratioOf, weightNorm, gradNorm] = written.map((tensor) => heap.floats(tensor, tensor.size).fill(0)) as Three;
  for (const [i, entry] of found.entries()) {
    const slot = slots[i] as number;
    ratioOf[slot] = entry.ratio;
    weightNorm[slot] = entry.weightNorm;
    gradNorm[slot] = entry.gradNorm;
  }
}

type Three = [Float32Array, Float32Array, Float32Array];

import type { FusedKernels } from "@graftjs/core";
import type { Heap } from "../../heap/heap.ts";
import { eachNumber } from "../../threads/work-sharing.ts";
import { FusedAttributes } from "./attributes.ts";

/** Computes a step of SGD with momentum in place; see `GraftSgd` in docs/fused-kernels.md. */
export function fusedSgd(heap: Heap, attrs: FusedKernels["GraftSgd"]): void {
  const table = new FusedAttributes("GraftSgd", heap, attrs);
  const variables = table.tensors("variables");
  const grads = table.tensors("grads", variables);
  const momentum = table.number("momentum");
  const velocities = momentum === 0 ? [] : table.tensors("velocities", variables);
  const rates = table.list("learningRates", variables.length);
  const first = table.list("first", variables.length);
  const dampening = table.number("dampening");
  const { nesterov, rateInVelocity } = attrs;
  table.check();
  table.own(variables, velocities);
  for (const [i, variable] of variables.entries()) {
    const rate = rates[i] as number;
    const [w, g] = [heap.address(variable), heap.address(grads[i] as never)];
    if (momentum === 0) {
      heap.share("sgd", variable.size, eachNumber(4), (from, to) => [
        w + 4 * from,
        g + 4 * from,
        to - from,
        1,
        0,
        rate,
      ]);
      continue;
    }
    const v = heap.address(velocities[i] as never);
    const scale = rateInVelocity ? rate : 1;
    const start = !rateInVelocity && first[i] ? 1 : 0;
    heap.share("momentum", variable.size, eachNumber(6), (from, to) => [
      w + 4 * from,
      g + 4 * from,
      v + 4 * from,
      to - from,
      scale,
      0,
      rateInVelocity ? 1 : rate,
      momentum,
      1 - dampening,
      1,
      Number(Boolean(nesterov)),
      start,
      1,
    ]);
  }
  table.forgetPacked(variables, velocities);
}

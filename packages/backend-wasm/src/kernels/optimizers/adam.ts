import type { FusedKernels } from "@graftjs/core";
import type { Heap } from "../../heap/heap.ts";
import { eachNumber } from "../../threads/work-sharing.ts";
import { FusedAttributes } from "./attributes.ts";

/** Computes a step of Adam or AdamW in place; see `GraftAdam` in docs/fused-kernels.md. */
export function fusedAdam(heap: Heap, attrs: FusedKernels["GraftAdam"]): void {
  const table = new FusedAttributes("GraftAdam", heap, attrs);
  const variables = table.tensors("variables");
  const grads = table.tensors("grads", variables);
  const m = table.tensors("m", variables);
  const v = table.tensors("v", variables);
  const rates = table.list("learningRates", variables.length);
  const corrections1 = table.list("corrections1", variables.length);
  const corrections2 = table.list("corrections2", variables.length);
  const decays = table.list("decays", variables.length);
  const [beta1, beta2, epsilon] = [table.number("beta1"), table.number("beta2"), table.number("epsilon")];
  table.check();
  table.own(variables, m, v);
  for (const [i, variable] of variables.entries()) {
    const [w, g, pm, pv] = [variable, grads[i], m[i], v[i]].map((tensor) => heap.address(tensor as never)) as Four;
    heap.share("adam", variable.size, eachNumber(10), (from, to) => [
      w + 4 * from,
      g + 4 * from,
      pm + 4 * from,
      pv + 4 * from,
      to - from,
      rates[i] as number,
      beta1,
      beta2,
      1 - beta1,
      1 - beta2,
      epsilon,
      corrections1[i] as number,
      corrections2[i] as number,
      decays[i] as number,
    ]);
  }
  table.forgetPacked(variables, m, v);
}

type Four = [number, number, number, number];

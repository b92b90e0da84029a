import type { FusedKernels } from "@graftjs/core";
import type { FusedAttributes } from "../src/kernels/optimizers/attributes.ts";

// Only compiled, never run: an attribute that core does not declare, or of another type, must not compile.
export function check(adam: FusedAttributes<FusedKernels["GraftAdam"]>): void {
  adam.number("beta1");
  adam.tensors("variables");
  adam.list("decays", 3);
  // @ts-expect-error: the attribute is named beta1
  adam.number("betaOne");
  // @ts-expect-error: GraftAdam has no velocities
  adam.tensors("velocities");
  // @ts-expect-error: decays is a list
  adam.number("decays");
}

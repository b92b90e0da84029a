import type { ModelPatch } from "@graftjs/core";
import { type PatchSuiteOptions, patchChecks } from "../checks/patch-checks.ts";
import { register } from "../harness/conformance-check.ts";

/**
 * Registers the conformance suite of a model patch: one named test per check. Call it at the top level of a vitest file.
 *
 * @throws Error if `expectedFailures` names a check that the suite does not have.
 */
export function testPatch(make: () => ModelPatch, options: PatchSuiteOptions): void {
  register(`patch ${make().name}`, patchChecks(make, options), options.expectedFailures);
}

import type { ModelPatch } from "@graftjs/core";
import { type PatchSuiteOptions, patchCases } from "../checks/patch-checks.ts";
import { register } from "../harness/conformance-check.ts";

/**
 * Registers the conformance suite of a model patch: one named test a rule.
 *
 * @throws Error where an exception names no case.
 */
export function testPatch(make: () => ModelPatch, options: PatchSuiteOptions): void {
  register(`patch ${make().name}`, patchCases(make, options), options.exceptions);
}

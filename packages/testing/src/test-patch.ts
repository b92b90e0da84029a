import type { ModelPatch } from "@graftjs/core";
import type * as layers from "@tensorflow/tfjs-layers";
import { type Exceptions, register } from "./case.ts";
import { patchCases } from "./patch-cases.ts";

export interface PatchSuiteOptions {
  /** A fresh model that the patch suits, with trained-looking weights. One input, one output; the suite disposes it. */
  readonly model: () => layers.LayersModel;
  /** A model that the patch refuses. Left out: no such test. */
  readonly unsuitable?: () => layers.LayersModel;
  /** Whether the patched model computes the same as the bare one in inference. @default true */
  readonly sameInference?: boolean;
  /** Rules that do not hold, by case id, each with the reason. They are tested to fail. @default {} */
  readonly exceptions?: Exceptions;
}

/**
 * Registers the conformance suite of a model patch: one named test a rule.
 *
 * @throws Error where an exception names no case.
 */
export function testPatch(make: () => ModelPatch, options: PatchSuiteOptions): void {
  register(`patch ${make().name}`, patchCases(make, options), options.exceptions);
}

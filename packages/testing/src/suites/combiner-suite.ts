import type { AnyCombiner } from "@graftjs/core";
import { combineChecks } from "../checks/combine-checks.ts";
import { combinerTrainingChecks } from "../checks/combiner-training-checks.ts";
import { type GramOracle, weighChecks } from "../checks/weigh-checks.ts";
import { type ConformanceCheck, type ExpectedFailures, register } from "../harness/conformance-check.ts";

/** Options of the conformance suite of a combiner. */
export interface CombinerSuiteOptions {
  /** Numbers from another implementation, or the path of their JSON relative to the test file. @default none */
  readonly oracle?: string | GramOracle;
  /** Learning rate of the run with two tasks. @default 0.05 */
  readonly learningRate?: number;
  /** Checks that the combiner is known to fail, by name, each with the reason. @default {} */
  readonly expectedFailures?: ExpectedFailures;
}

/**
 * Registers the conformance suite of a combiner: one named test per check. It fits combiners that weigh tasks and combiners
 * that merge element by element. Call it at the top level of a vitest file.
 *
 * @param make returns a fresh combiner. It receives the `options` of an oracle's case, and otherwise nothing.
 * @throws Error if `expectedFailures` names a check that the suite does not have.
 */
// biome-ignore lint/suspicious/noExplicitAny: the author chooses the type of the oracle's options; they come from JSON.
export function testCombiner(make: (options?: any) => AnyCombiner, options: CombinerSuiteOptions = {}): void {
  register(`combiner ${make().name}`, combinerChecks(make, options), options.expectedFailures);
}

/** Returns the checks of {@link testCombiner}, for another test runner. */
export function combinerChecks(
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  make: (options?: any) => AnyCombiner,
  options: CombinerSuiteOptions = {},
): readonly ConformanceCheck[] {
  const { oracle, learningRate = 0.05 } = options;
  const checks = "weigh" in make() ? weighChecks(make, oracle) : combineChecks(make);
  return [...checks, ...combinerTrainingChecks(make, learningRate)];
}

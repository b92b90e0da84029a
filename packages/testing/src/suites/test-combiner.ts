import type { AnyCombiner } from "@graftjs/core";
import { combineCases } from "../checks/combine-checks.ts";
import { combinerTrainingCases } from "../checks/combiner-training-checks.ts";
import { type GramOracle, weighCases } from "../checks/weigh-checks.ts";
import { type Case, type Exceptions, register } from "../harness/conformance-check.ts";

export interface CombinerSuiteOptions {
  /** Numbers of another implementation, or the path of their JSON, relative to the test file. Left out: no such test. */
  readonly oracle?: string | GramOracle;
  /** Rate of the two-task run. @default 0.05 */
  readonly learningRate?: number;
  /** Rules that do not hold, by case id, each with the reason. They are tested to fail. @default {} */
  readonly exceptions?: Exceptions;
}

/**
 * Registers the conformance suite of a combiner of either form: one named test a rule.
 *
 * @param make returns a fresh combiner; gets the `options` of an oracle's case, and nothing otherwise.
 * @throws Error where an exception names no case.
 */
// biome-ignore lint/suspicious/noExplicitAny: the oracle's options are the author's own type, and come from JSON.
export function testCombiner(make: (options?: any) => AnyCombiner, options: CombinerSuiteOptions = {}): void {
  register(`combiner ${make().name}`, combinerCases(make, options), options.exceptions);
}

/** The cases of {@link testCombiner}, for another test runner: each throws where its rule is broken. */
export function combinerCases(
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  make: (options?: any) => AnyCombiner,
  options: CombinerSuiteOptions = {},
): readonly Case[] {
  const { oracle, learningRate = 0.05 } = options;
  const form = "weigh" in make() ? weighCases(make, oracle) : combineCases(make);
  return [...form, ...combinerTrainingCases(make, learningRate)];
}

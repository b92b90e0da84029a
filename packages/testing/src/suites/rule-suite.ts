import type { AnyRule } from "@graftjs/core";
import { backendChecks } from "../checks/backend-checks.ts";
import { contractChecks } from "../checks/contract-checks.ts";
import { fusedChecks } from "../checks/fused-checks.ts";
import { learningChecks } from "../checks/learning-checks.ts";
import { memoryChecks } from "../checks/memory-checks.ts";
import { numericChecks } from "../checks/numeric-checks.ts";
import { oracleChecks } from "../checks/oracle-checks.ts";
import { stateChecks } from "../checks/state-checks.ts";
import { check } from "../harness/assertions.ts";
import { type ConformanceCheck, onCpu, register } from "../harness/conformance-check.ts";
import { ruleSubject } from "../harness/subject.ts";
import type { SuiteOptions } from "./hook-suite.ts";

/**
 * Registers the conformance suite of an update rule: one named test per check. It has the checks of a hook without the
 * mask, and checks `terminal` and `applyFused`. Call it at the top level of a vitest file.
 *
 * @param make returns a fresh rule. It receives the `options` of an oracle's case, and otherwise nothing.
 * @throws Error if `expectedFailures` names a check that the suite does not have.
 */
// biome-ignore lint/suspicious/noExplicitAny: the author chooses the type of the oracle's options; they come from JSON.
export function testRule(make: (options?: any) => AnyRule, options: SuiteOptions = {}): void {
  register(`rule ${make().name}`, ruleChecks(make, options), options.expectedFailures);
}

/** Returns the checks of {@link testRule}, for another test runner. */
// biome-ignore lint/suspicious/noExplicitAny: as above.
export function ruleChecks(make: (options?: any) => AnyRule, options: SuiteOptions = {}): readonly ConformanceCheck[] {
  const { oracle, learningRate = 0.05, backends = [], tolerance = 1e-5 } = options;
  const subject = ruleSubject(make);
  return [
    onCpu("sets `terminal: true`", () => {
      check(make().terminal === true, "`terminal` must be true. It marks an update rule; hooks do not have it.");
    }),
    ...contractChecks(subject),
    ...memoryChecks(subject),
    ...stateChecks(subject),
    ...numericChecks(subject),
    ...backendChecks(subject, backends, tolerance),
    ...fusedChecks(make, backends, tolerance),
    ...learningChecks(subject, learningRate),
    ...(oracle === undefined ? [] : oracleChecks(subject, oracle)),
  ];
}

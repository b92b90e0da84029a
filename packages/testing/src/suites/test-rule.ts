import type { AnyRule } from "@graftjs/core";
import { backendCases, fusedCases } from "../checks/backend-checks.ts";
import { contractCases } from "../checks/contract-checks.ts";
import { learningCases } from "../checks/learning-checks.ts";
import { memoryCases } from "../checks/memory-checks.ts";
import { numericCases } from "../checks/numeric-checks.ts";
import { oracleCases } from "../checks/oracle-checks.ts";
import { stateCases } from "../checks/state-checks.ts";
import { check } from "../harness/assertions.ts";
import { type Case, onCpu, register } from "../harness/conformance-check.ts";
import { ruleSubject } from "../harness/subject.ts";
import type { SuiteOptions } from "./test-hook.ts";

/**
 * Registers the conformance suite of an update rule: that of a hook without the mask, and the fused path.
 *
 * @param make returns a fresh rule; gets the `options` of an oracle's case, and nothing otherwise.
 * @throws Error where an exception names no case.
 */
// biome-ignore lint/suspicious/noExplicitAny: the oracle's options are the author's own type, and come from JSON.
export function testRule(make: (options?: any) => AnyRule, options: SuiteOptions = {}): void {
  register(`rule ${make().name}`, ruleCases(make, options), options.exceptions);
}

/** The cases of {@link testRule}, for another test runner: each throws where its rule is broken. */
// biome-ignore lint/suspicious/noExplicitAny: as above.
export function ruleCases(make: (options?: any) => AnyRule, options: SuiteOptions = {}): readonly Case[] {
  const { oracle, learningRate = 0.05, backends = [], tolerance = 1e-5 } = options;
  const subject = ruleSubject(make);
  return [
    onCpu("terminal", "says that it stands last", () => {
      check(make().terminal === true, "`terminal` is not true: an update rule says so, a hook has none.");
    }),
    ...contractCases(subject),
    ...memoryCases(subject),
    ...stateCases(subject),
    ...numericCases(subject),
    ...backendCases(subject, backends, tolerance),
    ...fusedCases(make, backends, tolerance),
    ...learningCases(subject, learningRate),
    ...(oracle === undefined ? [] : oracleCases(subject, oracle)),
  ];
}

import type { AnyHook, BackendAdapter } from "@graftjs/core";
import { backendChecks } from "../checks/backend-checks.ts";
import { contractChecks } from "../checks/contract-checks.ts";
import { learningChecks } from "../checks/learning-checks.ts";
import { maskedChecks } from "../checks/masked-checks.ts";
import { memoryChecks } from "../checks/memory-checks.ts";
import { numericChecks } from "../checks/numeric-checks.ts";
import { oracleChecks } from "../checks/oracle-checks.ts";
import { stateChecks } from "../checks/state-checks.ts";
import { type ConformanceCheck, type ExpectedFailures, register } from "../harness/conformance-check.ts";
import type { Oracle } from "../harness/oracle.ts";
import { hookSubject } from "../harness/subject.ts";

/** Options of the conformance suites of hooks and rules. */
export interface SuiteOptions {
  /** Numbers from another implementation, or the path of their JSON relative to the test file. @default none */
  readonly oracle?: string | Oracle;
  /** Learning rate of the small MLP. @default 0.05 */
  readonly learningRate?: number;
  /** Adapters to compare with cpu, in addition to every backend that tfjs has registered. @default [] */
  readonly backends?: readonly BackendAdapter[];
  /** Largest difference between backends, relative to the largest magnitude of each tensor. @default 1e-5 */
  readonly tolerance?: number;
  /** Checks that the plugin is known to fail, by name, each with the reason. @default {} */
  readonly expectedFailures?: ExpectedFailures;
}

/**
 * Registers the conformance suite of a hook: one named test per check. Call it at the top level of a vitest file.
 *
 * @param make returns a fresh hook. It receives the `options` of an oracle's case, and otherwise nothing.
 * @throws Error if `expectedFailures` names a check that the suite does not have.
 */
// biome-ignore lint/suspicious/noExplicitAny: the author chooses the type of the oracle's options; they come from JSON.
export function testHook(make: (options?: any) => AnyHook, options: SuiteOptions = {}): void {
  register(`hook ${make().name}`, hookChecks(make, options), options.expectedFailures);
}

/** Returns the checks of {@link testHook}, for another test runner. */
// biome-ignore lint/suspicious/noExplicitAny: as above.
export function hookChecks(make: (options?: any) => AnyHook, options: SuiteOptions = {}): readonly ConformanceCheck[] {
  const { oracle, learningRate = 0.05, backends = [], tolerance = 1e-5 } = options;
  const subject = hookSubject(make);
  return [
    ...contractChecks(subject),
    ...memoryChecks(subject),
    ...maskedChecks(make),
    ...stateChecks(subject),
    ...numericChecks(subject),
    ...backendChecks(subject, backends, tolerance),
    ...learningChecks(subject, learningRate),
    ...(oracle === undefined ? [] : oracleChecks(subject, oracle)),
  ];
}

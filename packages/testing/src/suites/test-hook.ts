import type { AnyHook, BackendAdapter } from "@graftjs/core";
import { backendCases } from "../checks/backend-checks.ts";
import { contractCases } from "../checks/contract-checks.ts";
import { learningCases } from "../checks/learning-checks.ts";
import { maskedCases } from "../checks/masked-checks.ts";
import { memoryCases } from "../checks/memory-checks.ts";
import { numericCases } from "../checks/numeric-checks.ts";
import { type Oracle, oracleCases } from "../checks/oracle-checks.ts";
import { stateCases } from "../checks/state-checks.ts";
import { type Case, type Exceptions, register } from "../harness/conformance-check.ts";
import { hookSubject } from "../harness/subject.ts";

/** What the suites of hooks and rules can be told. */
export interface SuiteOptions {
  /** Numbers of another implementation, or the path of their JSON, relative to the test file. Left out: no such test. */
  readonly oracle?: string | Oracle;
  /** Rate of the tiny MLP. @default 0.05 */
  readonly learningRate?: number;
  /** Adapters to compare with cpu, beside every backend that tfjs has registered. @default [] */
  readonly backends?: readonly BackendAdapter[];
  /** How far backends may differ, relative to the largest magnitude of each tensor. @default 1e-5 */
  readonly tolerance?: number;
  /** Rules that do not hold, by case id, each with the reason. They are tested to fail. @default {} */
  readonly exceptions?: Exceptions;
}

/**
 * Registers the conformance suite of a hook: one named test a rule. Call it at the top level of a vitest file.
 *
 * @param make returns a fresh hook; gets the `options` of an oracle's case, and nothing otherwise.
 * @throws Error where an exception names no case.
 */
// biome-ignore lint/suspicious/noExplicitAny: the oracle's options are the author's own type, and come from JSON.
export function testHook(make: (options?: any) => AnyHook, options: SuiteOptions = {}): void {
  register(`hook ${make().name}`, hookCases(make, options), options.exceptions);
}

/** The cases of {@link testHook}, for another test runner: each throws where its rule is broken. */
// biome-ignore lint/suspicious/noExplicitAny: as above.
export function hookCases(make: (options?: any) => AnyHook, options: SuiteOptions = {}): readonly Case[] {
  const { oracle, learningRate = 0.05, backends = [], tolerance = 1e-5 } = options;
  const subject = hookSubject(make);
  return [
    ...contractCases(subject),
    ...memoryCases(subject),
    ...maskedCases(make),
    ...stateCases(subject),
    ...numericCases(subject),
    ...backendCases(subject, backends, tolerance),
    ...learningCases(subject, learningRate),
    ...(oracle === undefined ? [] : oracleCases(subject, oracle)),
  ];
}

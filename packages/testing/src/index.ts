// The suites need a reference backend, a second one to compare with, and the gradients that tfjs-layers registers.
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-backend-wasm";
import "@tensorflow/tfjs-layers";

export type { Nested, Oracle, OracleCase } from "./checks/oracle-checks.ts";
export { type PatchSuiteOptions, patchCases } from "./checks/patch-checks.ts";
export type { GramOracle } from "./checks/weigh-checks.ts";
export type { Case, Exceptions } from "./harness/conformance-check.ts";
export { failAt, InjectedFault } from "./harness/fail-at.ts";
export { disposeParams, sampleGrads, sampleParams } from "./harness/samples.ts";
export { type BackendSuiteOptions, backendAdapterCases, testBackend } from "./suites/test-backend.ts";
export { type CombinerSuiteOptions, combinerCases, testCombiner } from "./suites/test-combiner.ts";
export { hookCases, type SuiteOptions, testHook } from "./suites/test-hook.ts";
export { observerCases, testObserver } from "./suites/test-observer.ts";
export { testPatch } from "./suites/test-patch.ts";
export { ruleCases, testRule } from "./suites/test-rule.ts";

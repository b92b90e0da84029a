// The suites need cpu as reference, wasm for comparison, and the gradients that tfjs-layers registers.
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-backend-wasm";
import "@tensorflow/tfjs-layers";

// Conformance suites
export { type PatchSuiteOptions, patchChecks } from "./checks/patch-checks.ts";
// Numbers from other implementations
export type { GramOracle } from "./checks/weigh-checks.ts";
export type { ConformanceCheck, ExpectedFailures } from "./harness/conformance-check.ts";
// Helpers for your own tests
export { failAt, InjectedFault } from "./harness/fail-at.ts";
export type { Nested, Oracle, OracleCase } from "./harness/oracle.ts";
export { disposeParams, sampleGrads, sampleParams } from "./harness/samples.ts";
export { type BackendSuiteOptions, backendAdapterChecks, testBackend } from "./suites/backend-suite.ts";
export { type CombinerSuiteOptions, combinerChecks, testCombiner } from "./suites/combiner-suite.ts";
export { hookChecks, type SuiteOptions, testHook } from "./suites/hook-suite.ts";
export { type ObserverSuiteOptions, observerChecks, testObserver } from "./suites/observer-suite.ts";
export { testPatch } from "./suites/patch-suite.ts";
export { ruleChecks, testRule } from "./suites/rule-suite.ts";

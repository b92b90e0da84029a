// The suites need a reference backend, a second one to compare with, and the gradients that tfjs-layers registers.
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-backend-wasm";
import "@tensorflow/tfjs-layers";

export type { Case, Exceptions } from "./case.ts";
export { failAt, InjectedFault } from "./fail-at.ts";
export type { Nested, Oracle, OracleCase } from "./oracle-cases.ts";
export { patchCases } from "./patch-cases.ts";
export { disposeParams, sampleGrads, sampleParams } from "./samples.ts";
export { type BackendSuiteOptions, backendAdapterCases, testBackend } from "./test-backend.ts";
export { type CombinerSuiteOptions, combinerCases, testCombiner } from "./test-combiner.ts";
export { hookCases, type SuiteOptions, testHook } from "./test-hook.ts";
export { observerCases, testObserver } from "./test-observer.ts";
export { type PatchSuiteOptions, testPatch } from "./test-patch.ts";
export { ruleCases, testRule } from "./test-rule.ts";
export type { GramOracle } from "./weigh-cases.ts";

import { join } from "node:path";
import ts from "typescript";
import { expect, it } from "vitest";
import * as api from "../src/index.ts";

const index = join(import.meta.dirname, "../src/index.ts");
const program = ts.createProgram([index], {
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  allowImportingTsExtensions: true,
  noEmit: true,
  strict: true,
  skipLibCheck: true,
  types: [],
});
const checker = program.getTypeChecker();
const module = checker.getSymbolAtLocation(program.getSourceFile(index) as ts.SourceFile) as ts.Symbol;
const exported = checker.getExportsOfModule(module).map((symbol) => ({
  name: symbol.name,
  symbol: symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol,
}));
const doc = (symbol: ts.Symbol): string => ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim();

it("exports these values and no others", () => {
  expect(Object.keys(api).sort()).toMatchInlineSnapshot(`
    [
      "BackendError",
      "BackendLostError",
      "CORE_VERSION",
      "GraftError",
      "HookedOptimizer",
      "NonFiniteError",
      "OptionsError",
      "RecipeError",
      "SelectionError",
      "StateError",
      "StoredOptimizer",
      "accumulate",
      "adam",
      "adamw",
      "addDecayedWeights",
      "alias",
      "applyIfFinite",
      "assertOptions",
      "brokenConstraints",
      "chain",
      "checkFinite",
      "conditionally",
      "constant",
      "corePlugins",
      "cosine",
      "cpuBackend",
      "createRegistry",
      "decoupledWeightDecay",
      "defineHook",
      "definePlugin",
      "descend",
      "describeParams",
      "disposeGradients",
      "ema",
      "exponential",
      "gramians",
      "hasProbes",
      "linear",
      "list",
      "loadState",
      "mapTensors",
      "mapTree",
      "masked",
      "missingTrainingKernels",
      "namedParams",
      "namedWeights",
      "nearest",
      "oneCycle",
      "openBackend",
      "optionsSchema",
      "partition",
      "pick",
      "piecewise",
      "polynomial",
      "probe",
      "probeUpdate",
      "rateAt",
      "readProbes",
      "recordKernels",
      "registerHookedOptimizer",
      "runFused",
      "runOnBackends",
      "saveState",
      "selectOnce",
      "sgd",
      "stateless",
      "step",
      "suggest",
      "swapInEma",
      "taskGradients",
      "taskTrainer",
      "visitTensors",
      "warmup",
      "warmupCosine",
      "zerosLike",
    ]
  `);
});

it("exports these types and no others", () => {
  const types = exported.map(({ name }) => name).filter((name) => !(name in api));
  expect(types.sort()).toMatchInlineSnapshot(`
    [
      "AccumulateOptions",
      "AccumulateState",
      "AdamOptions",
      "AdamState",
      "AdamWOptions",
      "AddDecayedWeightsOptions",
      "AliasOptions",
      "AnyCombiner",
      "AnyHook",
      "AnyRule",
      "ApplyIfFiniteOptions",
      "ApplyIfFiniteState",
      "BackendAdapter",
      "BackendNeed",
      "BackendSession",
      "Capabilities",
      "ChainState",
      "Combiner",
      "ConstantOptions",
      "Constrained",
      "Constraints",
      "CosineOptions",
      "DecoupledWeightDecayOptions",
      "ElementwiseCombiner",
      "EmaOptions",
      "EmaState",
      "Entry",
      "EpochEnd",
      "ExponentialOptions",
      "FiniteReport",
      "HookedOptimizerOptions",
      "JsonSchema",
      "JsonSelector",
      "Labels",
      "LayerLike",
      "LayersLike",
      "LazyPlugin",
      "LinearOptions",
      "Listing",
      "ModelPatch",
      "NamedParamsOptions",
      "NamedWeight",
      "Nests",
      "Observer",
      "OneCycleOptions",
      "OptimizerHook",
      "OptimizerState",
      "OptionSchema",
      "OptionsSchema",
      "Param",
      "ParamInfo",
      "PatchHandle",
      "PiecewiseOptions",
      "Plugin",
      "PluginKind",
      "PluginKinds",
      "PluginOf",
      "PolynomialOptions",
      "Probe",
      "ProbeState",
      "RateMultiplier",
      "Recipe",
      "Registry",
      "Resolved",
      "RunEnd",
      "RunStart",
      "SavedState",
      "Schedule",
      "SchemaIssue",
      "Select",
      "SelectSpec",
      "Selector",
      "SgdOptions",
      "SgdState",
      "StandardSchema",
      "StateTree",
      "StepContext",
      "StepEnd",
      "StepOptions",
      "TaskGradients",
      "TaskLosses",
      "TaskTrainer",
      "TaskTrainerOptions",
      "TensorMap",
      "TensorSpec",
      "Transformed",
      "UpdateRule",
      "Use",
      "VariableMap",
      "VectorProbe",
      "WarmupCosineOptions",
      "WarmupOptions",
      "WeighingCombiner",
      "WeightLike",
      "Weights",
      "When",
    ]
  `);
});

it("every exported function and class says what it does", () => {
  const values = exported.filter(({ name }) => name in api);
  expect(values.length).toBe(Object.keys(api).length);
  expect(values.filter(({ symbol }) => doc(symbol).length < 20).map(({ name }) => name)).toEqual([]);
});

it("every factory that checks its options says so, and every one from a paper names it", () => {
  const tags = ({ symbol }: { symbol: ts.Symbol }): string[] => symbol.getJsDocTags(checker).map(({ name }) => name);
  const optioned = [
    "sgd",
    "adam",
    "adamw",
    "accumulate",
    "addDecayedWeights",
    "applyIfFinite",
    "ema",
    "conditionally",
    "partition",
  ];
  const schedules = [
    "constant",
    "linear",
    "polynomial",
    "cosine",
    "oneCycle",
    "exponential",
    "step",
    "piecewise",
    "warmup",
    "warmupCosine",
  ];
  const found = new Map(exported.map((one) => [one.name, one]));
  for (const name of [...optioned, ...schedules])
    expect(tags(found.get(name) as (typeof exported)[number]), name).toContain("throws");
  for (const name of ["sgd", "adam", "adamw", "ema", "cosine", "oneCycle", "warmupCosine", "decoupledWeightDecay"])
    expect(doc((found.get(name) as (typeof exported)[number]).symbol), name).toMatch(/(19|20)\d\d/);
});

it("every option has a doc comment", () => {
  const options = exported.filter(({ name }) => name.endsWith("Options"));
  expect(options.length).toBeGreaterThan(15);
  const bare = options.flatMap(({ name, symbol }) =>
    checker
      .getDeclaredTypeOfSymbol(symbol)
      .getProperties()
      .filter((property) => doc(property) === "" && !["optimizer", "combiner", "on", "by"].includes(property.name))
      .map((property) => `${name}.${property.name}`),
  );
  expect(bare).toEqual([]);
});

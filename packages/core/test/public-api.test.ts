import { join } from "node:path";
import { expect, it } from "vitest";
import { publicApi } from "../../../tools/public-api.ts";
import * as api from "../src/index.ts";

const { exported, doc, tags, bareOptions } = publicApi(join(import.meta.dirname, "../src/index.ts"));

it("exports these values and no others", () => {
  expect(Object.keys(api).sort()).toMatchInlineSnapshot(`
    [
      "BackendError",
      "BackendLostError",
      "GraftError",
      "HookedOptimizer",
      "NonFiniteError",
      "OptionsError",
      "RecipeError",
      "SelectionError",
      "StateError",
      "StoredOptimizer",
      "adam",
      "adamw",
      "assertFiniteTasks",
      "brokenConstraints",
      "chain",
      "decayedNames",
      "decaysByDefault",
      "defineHook",
      "definePlugin",
      "didYouMean",
      "disposeGradients",
      "formatNames",
      "gradientDescent",
      "gramians",
      "hasStats",
      "inOrder",
      "innerLayers",
      "isTrained",
      "l2Norm",
      "layerPath",
      "loadState",
      "mapTensors",
      "mapTree",
      "masked",
      "matcher",
      "namedParams",
      "namedWeights",
      "nearestNames",
      "onlyTensor",
      "optionsSchema",
      "overrideCall",
      "plugins",
      "rateAt",
      "readStats",
      "registerHookedOptimizer",
      "runFused",
      "saveState",
      "scalars",
      "seeded",
      "selectOnce",
      "selectParams",
      "sgd",
      "stateless",
      "taskGradients",
      "taskTrainer",
      "visitTensors",
      "walkLayers",
      "zerosLike",
    ]
  `);
});

it("exports these types and no others", () => {
  const types = exported.map(({ name }) => name).filter((name) => !(name in api));
  expect(types.sort()).toMatchInlineSnapshot(`
    [
      "AdamOptions",
      "AdamState",
      "AdamWOptions",
      "AnyCombiner",
      "AnyHook",
      "AnyRule",
      "Availability",
      "BackendAdapter",
      "BackendSession",
      "CallOptions",
      "CallableLayer",
      "Callback",
      "CallbackRun",
      "CallbackState",
      "Capabilities",
      "ChainState",
      "Combiner",
      "Constrained",
      "Constraints",
      "ElementwiseCombiner",
      "EpochEnd",
      "FusedKernels",
      "HookedOptimizerOptions",
      "Kernels",
      "LayerCall",
      "LayerLike",
      "LayersLike",
      "ModelPatch",
      "NamedParamsOptions",
      "NamedWeight",
      "Observer",
      "OptimizerHook",
      "OptimizerState",
      "OptionSchema",
      "OptionsSchema",
      "Param",
      "ParamInfo",
      "Parsed",
      "PatchHandle",
      "PlacedLayer",
      "Plugin",
      "PluginKind",
      "PluginKinds",
      "PluginOf",
      "Random",
      "RateMultiplier",
      "Ruled",
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
      "StatefulOptimizer",
      "StepContext",
      "StepEnd",
      "StepStats",
      "TaskGradients",
      "TaskLosses",
      "TaskTrainer",
      "TaskTrainerOptions",
      "TensorMap",
      "TensorSpec",
      "Transformed",
      "TrustAttributes",
      "UpdateRule",
      "VariableMap",
      "WeighingCombiner",
      "WeightLike",
      "Weights",
    ]
  `);
});

it("every exported function and class has a doc comment", () => {
  const values = exported.filter(({ name }) => name in api);
  expect(values.length).toBe(Object.keys(api).length);
  expect(values.filter(({ symbol }) => doc(symbol).length < 20).map(({ name }) => name)).toEqual([]);
});

it("every factory that checks its options says so, and every one from a paper names the paper", () => {
  const optioned = ["sgd", "adam", "adamw"];
  for (const name of optioned) expect(tags(name), name).toContain("throws");
  for (const name of ["sgd", "adam", "adamw"])
    expect(doc((exported.find((one) => one.name === name) as (typeof exported)[number]).symbol), name).toMatch(
      /(19|20)\d\d/,
    );
});

it("every option has a doc comment", () => {
  expect(exported.filter(({ name }) => name.endsWith("Options")).length).toBeGreaterThan(5);
  expect(bareOptions(["optimizer", "combiner"])).toEqual([]);
});

import { HookedOptimizer, type ModelPatch, namedParams, namedWeights, type Param, sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type * as layers from "@tensorflow/tfjs-layers";
import { check, checkBits, checkClose, read, type Values } from "../harness/assertions.ts";
import { type ConformanceCheck, type ExpectedFailures, onCpu } from "../harness/conformance-check.ts";
import { compareTraces, predictSample, sampleInput, trace, weightsOf } from "../harness/model-trace.ts";

/** Options of the conformance suite of a patch. */
export interface PatchSuiteOptions {
  /** Makes a model that suits the patch. It has one input, one output and weights like those of a trained model. */
  readonly model: () => layers.LayersModel;
  /** Makes a model that the patch refuses. @default none; the check of refusals is left out */
  readonly unsuitable?: () => layers.LayersModel;
  /** Whether the patched model computes the same as the original in inference. @default true */
  readonly sameInference?: boolean;
  /** Checks that the patch is known to fail, by name, each with the reason. @default {} */
  readonly expectedFailures?: ExpectedFailures;
}

/** Checks a patch: it changes how a model computes, and `restore()` undoes everything. */
export function patchChecks(make: () => ModelPatch, options: PatchSuiteOptions): readonly ConformanceCheck[] {
  const { model: makeModel, unsuitable, sameInference = true } = options;
  const withModel = (fn: (model: layers.LayersModel) => void, made = makeModel): void => {
    const model = made();
    try {
      fn(model);
    } finally {
      model.dispose();
    }
  };
  return [
    onCpu("restore() puts weights, outputs and layers back exactly", () =>
      withModel((model) => {
        const before = trace(model);
        const handle = make().apply(model);
        handle.restore();
        compareTraces(trace(model), before, "After restore()");
      }),
    ),
    onCpu("restore() can be called twice", () =>
      withModel((model) => {
        const before = trace(model);
        const handle = make().apply(model);
        handle.restore();
        handle.restore();
        compareTraces(trace(model), before, "After two calls of restore()");
      }),
    ),
    onCpu("leaks no tensor over apply, a training step and restore", () =>
      withModel((model) => {
        trainStep(model);
        const before = tf.memory().numTensors;
        for (let i = 0; i < 3; i++) {
          const handle = make().apply(model);
          trainStep(model);
          handle.restore();
        }
        const left = tf.memory().numTensors - before;
        check(left === 0, `3 rounds of apply, step and restore left ${left} tensor(s).`);
      }),
    ),
    onCpu("the patched model trains", () =>
      withModel((model) => {
        const handle = make().apply(model);
        const before = weightsOf(model);
        const loss = trainStep(model, handle.added);
        check(Number.isFinite(loss), `The loss of the patched model is ${loss}.`);
        const added = (handle.added ?? []).length > 0;
        check(added || !same(weightsOf(model), before), "A training step changed no weight of the patched model.");
        handle.restore();
      }),
    ),
    onCpu("adds parameters under new names, and holds layers that exist", () =>
      withModel((model) => {
        const handle = make().apply(model);
        const existing = namedWeights(model).map(({ name }) => name);
        const added = (handle.added ?? []).map(({ name }) => name);
        const taken = added.filter((name, i) => existing.includes(name) || added.indexOf(name) !== i);
        check(taken.length === 0, `\`added\` contains ${taken.join(", ")}, but these names are already taken.`);
        const paths = new Set(namedWeights(model).map(({ layer }) => layer));
        const unknown = (handle.held ?? []).filter((layer) => !paths.has(layer));
        check(unknown.length === 0, `\`held\` contains ${unknown.join(", ")}, but the model has no such layer.`);
        handle.restore();
      }),
    ),
    onCpu("training does not change the statistics of held layers", () =>
      withModel((model) => {
        const handle = make().apply(model);
        const held = new Set(handle.held ?? []);
        const statistics = (): Values =>
          read(
            Object.fromEntries(
              namedWeights(model)
                .filter(({ layer, statistic }) => statistic && held.has(layer))
                .map(({ name, variable }) => [name, variable]),
            ),
          );
        const before = statistics();
        trainStep(model, handle.added);
        checkBits(statistics(), before, "After a training step, the held statistics");
        handle.restore();
      }),
    ),
    ...(sameInference
      ? [
          onCpu("the patched model computes the same in inference", () =>
            withModel((model) => {
              const before = { out: predictSample(model) };
              const handle = make().apply(model);
              checkClose({ out: predictSample(model) }, before, 1e-5, "The output of the patched model");
              handle.restore();
            }),
          ),
        ]
      : []),
    ...(unsuitable
      ? [
          onCpu("refuses an unsuitable model and leaves it unchanged", () =>
            withModel((model) => {
              const before = trace(model);
              const tensors = tf.memory().numTensors;
              let threw = false;
              try {
                make().apply(model);
              } catch {
                threw = true;
              }
              check(threw, "The patch accepted a model that does not suit it.");
              check(tf.memory().numTensors === tensors, "The refusal left tensors behind.");
              compareTraces(trace(model), before, "After the refusal");
            }, unsuitable),
          ),
        ]
      : []),
  ];
}

/** Takes one step of SGD on the sum of squares of the output, in training mode. Returns the loss. */
function trainStep(model: layers.LayersModel, added: readonly Param[] = []): number {
  const optimizer = new HookedOptimizer({ params: [...namedParams(model), ...added], rule: sgd(), learningRate: 0.01 });
  const loss = tf.tidy(() => {
    const x = sampleInput(model);
    const value = optimizer.minimize(
      () => tf.mean(tf.square(model.apply(x, { training: true }) as tf.Tensor)) as tf.Scalar,
      true,
    ) as tf.Scalar;
    return value.dataSync()[0] as number;
  });
  optimizer.dispose();
  return loss;
}

function same(a: Values, b: Values): boolean {
  return Object.entries(b).every(([name, values]) => values.every((value, i) => Object.is(value, a[name]?.[i])));
}

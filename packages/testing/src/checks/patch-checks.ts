import { HookedOptimizer, type ModelPatch, namedParams, namedWeights, type Param, sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type * as layers from "@tensorflow/tfjs-layers";
import { check, checkBits, checkClose, read, type Values } from "../harness/assertions.ts";
import { type Case, type Exceptions, onCpu } from "../harness/conformance-check.ts";
import { numbers } from "../harness/samples.ts";

export interface PatchSuiteOptions {
  /** A fresh model that the patch suits, with trained-looking weights. One input, one output; the suite disposes it. */
  readonly model: () => layers.LayersModel;
  /** A model that the patch refuses. Left out: no such test. */
  readonly unsuitable?: () => layers.LayersModel;
  /** Whether the patched model computes the same as the bare one in inference. @default true */
  readonly sameInference?: boolean;
  /** Rules that do not hold, by case id, each with the reason. They are tested to fail. @default {} */
  readonly exceptions?: Exceptions;
}

/** A patch changes how a model computes, and can be undone without a trace. */
export function patchCases(make: () => ModelPatch, options: PatchSuiteOptions): readonly Case[] {
  const { model: makeModel, unsuitable, sameInference = true } = options;
  const withModel = (fn: (model: layers.LayersModel) => void, made = makeModel): void => {
    const model = made();
    try {
      fn(model);
    } finally {
      model.dispose();
    }
  };
  const cases = [
    onCpu("restore", "restore() puts weights, outputs and layers back exactly", () =>
      withModel((model) => {
        const before = trace(model);
        const handle = make().apply(model);
        handle.restore();
        compareTraces(trace(model), before, "After restore()");
      }),
    ),
    onCpu("twice", "restoring twice is harmless", () =>
      withModel((model) => {
        const before = trace(model);
        const handle = make().apply(model);
        handle.restore();
        handle.restore();
        compareTraces(trace(model), before, "After restore() twice");
      }),
    ),
    onCpu("leak", "leaves no tensor behind after apply, a training step and restore", () =>
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
    onCpu("trains", "the patched model trains: a step has finite loss and moves a weight", () =>
      withModel((model) => {
        const handle = make().apply(model);
        const before = weights(model);
        const loss = trainStep(model, handle.added);
        check(Number.isFinite(loss), `The loss of the patched model is ${loss}.`);
        const added = (handle.added ?? []).length > 0;
        check(added || !same(weights(model), before), "A step moved no weight of the patched model.");
        handle.restore();
      }),
    ),
    onCpu("added", "what it adds has names of its own, and what it holds exists", () =>
      withModel((model) => {
        const handle = make().apply(model);
        const own = namedWeights(model).map(({ name }) => name);
        const added = (handle.added ?? []).map(({ name }) => name);
        const twice = added.filter((name, i) => own.includes(name) || added.indexOf(name) !== i);
        check(twice.length === 0, `${twice.join(", ")}: taken already.`);
        const paths = new Set(namedWeights(model).map(({ layer }) => layer));
        const lost = (handle.held ?? []).filter((layer) => !paths.has(layer));
        check(lost.length === 0, `held: ${lost.join(", ")}: no such layer.`);
        handle.restore();
      }),
    ),
    onCpu("held", "statistics of held layers do not move in training", () =>
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
  ];
  if (sameInference) {
    cases.push(
      onCpu("inference", "the patched model computes the same in inference", () =>
        withModel((model) => {
          const before = { out: outputs(model) };
          const handle = make().apply(model);
          checkClose({ out: outputs(model) }, before, 1e-5, "The output of the patched model");
          handle.restore();
        }),
      ),
    );
  }
  if (unsuitable) {
    cases.push(
      onCpu("refuses", "refuses a model it does not suit, having changed nothing", () =>
        withModel((model) => {
          const before = trace(model);
          const tensors = tf.memory().numTensors;
          let threw = false;
          try {
            make().apply(model);
          } catch {
            threw = true;
          }
          check(threw, "It applied itself to a model it does not suit.");
          check(tf.memory().numTensors === tensors, "Refusing left tensors behind.");
          compareTraces(trace(model), before, "After the refusal");
        }, unsuitable),
      ),
    );
  }
  return cases;
}

interface Trace {
  readonly weights: Values;
  readonly out: readonly number[];
  /** Own properties of each layer that are functions or flags: what a patch overrides. */
  readonly layers: string;
}

function trace(model: layers.LayersModel): Trace {
  const own = model.layers.map((layer) => {
    const flags = Object.entries(layer).filter(([, value]) => ["function", "boolean"].includes(typeof value));
    return `${layer.name}: ${flags.map(([key, value]) => (typeof value === "function" ? key : `${key}=${value}`)).sort()}`;
  });
  return { weights: weights(model), out: outputs(model), layers: own.join("\n") };
}

function compareTraces(got: Trace, expected: Trace, what: string): void {
  checkBits(got.weights, expected.weights, `${what}, the weights`);
  checkBits({ out: got.out }, { out: expected.out }, `${what}, the output`);
  check(got.layers === expected.layers, `${what}, the layers are\n${got.layers}\nand were\n${expected.layers}`);
}

function weights(model: layers.LayersModel): Values {
  return read(Object.fromEntries(namedWeights(model).map(({ name, variable }) => [name, variable])));
}

function outputs(model: layers.LayersModel): readonly number[] {
  return tf.tidy(() => [...(model.predict(batch(model)) as tf.Tensor).dataSync()]);
}

function batch(model: layers.LayersModel): tf.Tensor {
  const shape = [4, ...(model.inputs[0]?.shape ?? []).slice(1).map((size) => size ?? 4)];
  return tf.tensor(
    numbers(
      5,
      shape.reduce((a, b) => a * b, 1),
    ),
    shape,
  );
}

/** One step of SGD on the sum of squares of the output, in training mode; returns the loss. */
function trainStep(model: layers.LayersModel, added: readonly Param[] = []): number {
  const optimizer = new HookedOptimizer({ params: [...namedParams(model), ...added], rule: sgd(), learningRate: 0.01 });
  const loss = tf.tidy(() => {
    const x = batch(model);
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

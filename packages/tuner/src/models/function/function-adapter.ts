import { formatNames, type NamedWeight, OptionsError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { ModelAdapter } from "../adapter/model-adapter.ts";

/** A model written as plain functions over variables instead of a model object. */
export interface FunctionModel {
  /** @default "function" */
  readonly name?: string;
  /** Variables by stable name, `layer/role`. */
  readonly variables: { readonly [name: string]: tf.Variable };
  /**
   * Computes one prediction per output from the inputs, or from the tensors that `trunk` returned. The result may depend only on its
   * arguments and the variables.
   */
  forward(inputs: readonly tf.Tensor[], training: boolean): tf.Tensor | readonly tf.Tensor[];
  /**
   * Computes the part that uses neither a variable nor random numbers. It runs once per example and its outputs are cached. It must
   * return one row per example, independent of the rest of the batch. If it returns several tensors, `forward` gets them in that order.
   */
  trunk?(inputs: readonly tf.Tensor[]): tf.Tensor | readonly tf.Tensor[];
  /** Shape of each input. Axis 0 is the batch; null means any size. */
  readonly inputs: { readonly [name: string]: readonly (number | null)[] };
  /** Shape of each output. Axis 0 is the batch; null means any size. */
  readonly outputs: { readonly [name: string]: readonly (number | null)[] };
  /** Names of variables that the forward pass itself writes, such as moving averages. @default [] */
  readonly statistics?: readonly string[];
}

/** Makes a model of plain functions tunable. @throws OptionsError if a part is missing or `variables` is empty. */
export function functionAdapter(model: FunctionModel): ModelAdapter {
  const { name = "function", variables, forward, trunk, inputs, outputs, statistics = [] } = model;
  const lacking = Object.entries({ variables, forward, inputs, outputs }).flatMap(([key, part]) => (part ? [] : [key]));
  if (lacking.length > 0)
    throw new OptionsError(
      `The model of functionAdapter lacks ${formatNames(lacking)}.`,
      'Give { variables: { "head/kernel": tf.variable(...) }, forward, inputs: { x: [null, 4] }, outputs: { y: [null, 2] } }.',
    );
  if (Object.keys(variables).length === 0)
    throw new OptionsError("The model has no variables.", 'Give { variables: { "layer/kernel": tf.variable(...) } }.');
  const weights = Object.entries(variables).map(([path, variable]) =>
    weightOf(path, variable, statistics.includes(path)),
  );
  const ports = {
    inputNames: Object.keys(inputs),
    outputNames: Object.keys(outputs),
    inputs: Object.values(inputs).map((shape) => ({ shape })),
    outputs: Object.values(outputs).map((shape) => ({ shape })),
  };
  return {
    name,
    ports,
    patchable: { name, layers: [] },
    weights,
    cut: () => ({
      trunk: {
        layers: trunk ? 1 : 0,
        of: trunk ? 2 : 1,
        parameters: 0,
        stops: trunk ? [] : [{ path: name, why: "no `trunk` was given" }],
        frontier: trunk ? ["trunk"] : ports.inputNames,
      },
      sources: trunk ? [-1] : ports.inputNames.map((_, i) => i),
      tail: { bytes: undefined, kinds: undefined },
      batchStatistics: [],
      runTrunk: (given) => (trunk ? list(trunk(given)) : given).map((tensor) => ({ tensor, mask: null })),
      runTail: (cut, training) => [
        ...list(
          forward(
            cut.map(({ tensor }) => tensor),
            training,
          ),
        ),
      ],
      penalties: () => [],
    }),
  };
}

function weightOf(path: string, variable: tf.Variable, statistic: boolean): NamedWeight {
  const slash = path.lastIndexOf("/");
  const { shape } = variable;
  return {
    name: path,
    layer: slash < 0 ? path : path.slice(0, slash),
    role: path.slice(slash + 1),
    shape,
    unitAxes: shape.length === 0 ? [] : [shape.length - 1],
    variable,
    statistic,
    trainable: true,
  };
}

function list(value: tf.Tensor | readonly tf.Tensor[]): readonly tf.Tensor[] {
  return value instanceof tf.Tensor ? [value] : value;
}

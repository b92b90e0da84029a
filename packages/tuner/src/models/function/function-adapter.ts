import { type NamedWeight, OptionsError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { ModelAdapter } from "../adapter/model-adapter.ts";

/** A model that is no model object: variables, and a function over them. */
export interface FunctionModel {
  /** @default "function" */
  readonly name?: string;
  /** By stable name, `layer/role`. */
  readonly variables: { readonly [name: string]: tf.Variable };
  /** From the inputs, or from what `trunk` gave, to one prediction an output. Pure but for the variables. */
  forward(inputs: readonly tf.Tensor[], training: boolean): tf.Tensor | readonly tf.Tensor[];
  /**
   * The part that no variable and no chance reaches: runs once an example. One row an example, whatever the others of the batch;
   * where it gives several tensors, `forward` gets them all in their order.
   */
  trunk?(inputs: readonly tf.Tensor[]): tf.Tensor | readonly tf.Tensor[];
  /** Shapes with the batch on axis 0, null where any size will do. @default one input of any shape is not known: give them */
  readonly inputs: { readonly [name: string]: readonly (number | null)[] };
  readonly outputs: { readonly [name: string]: readonly (number | null)[] };
  /** Names of variables that the forward pass writes itself. @default [] */
  readonly statistics?: readonly string[];
}

/** Makes plain functions over variables tunable. @throws OptionsError where there is no variable. */
export function functionAdapter(model: FunctionModel): ModelAdapter {
  const { name = "function", variables, forward, trunk, inputs, outputs, statistics = [] } = model;
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
  const at = path.lastIndexOf("/");
  const { shape } = variable;
  return {
    name: path,
    layer: at < 0 ? path : path.slice(0, at),
    role: path.slice(at + 1),
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

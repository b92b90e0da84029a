import type * as tf from "@tensorflow/tfjs-core";
import { formatNames, SelectionError } from "../errors.ts";
import type { VariableMap } from "./tensor-map.ts";

/** What a selector or a hook may know of a parameter before training. Never its value. */
export interface ParamInfo {
  /** Stable path `layer/role`, e.g. `head/kernel`: free of the `_1` that tfjs adds when a name is taken. */
  readonly name: string;
  /** Path of the layer in the model. In a wrapper the inner layer stands between layer and role: `bi/forward/kernel`. */
  readonly layer: string;
  /** Last segment of the name: `kernel`, `bias`, `gamma`, `beta`, `embeddings`, ... */
  readonly role: string;
  readonly shape: readonly number[];
  /**
   * Axes that index output units: tfjs kernels are IO, HWIO and HW-in-mult, not PyTorch's layout. Every axis where each
   * element is a unit of its own (bias, gamma, alpha); none where the tensor is one number.
   */
  readonly unitAxes: readonly number[];
}

/** A parameter and the variable that holds it. */
export interface Param extends ParamInfo {
  readonly variable: tf.Variable;
  /** Applied to the new value after each update: a layer's `kernelConstraint`, which stock optimizers ignore. */
  readonly constraint?: (value: tf.Tensor) => tf.Tensor;
  /** Whether the model lets it train at this moment. @default the variable's own `trainable` */
  readonly trains?: () => boolean;
}

/** Whether the model lets `param` train at this moment: `layer.trainable`, wherever in the model it is said. */
export function isTrained({ variable, trains }: Param): boolean {
  return trains ? trains() : variable.trainable;
}

/** The variables of `params`, by name. */
export function variablesOf(params: readonly Param[]): VariableMap {
  const variables: Record<string, tf.Variable> = {};
  for (const { name, variable } of params) variables[name] = variable;
  return variables;
}

/** @throws SelectionError where there is no parameter, or two of a name. */
export function assertParams(params: readonly Param[]): void {
  if (params.length === 0) {
    throw new SelectionError(
      "The optimizer has no parameters.",
      "Pass namedParams(model); is anything in the model trainable?",
    );
  }
  const names = params.map(({ name }) => name);
  const twice = [...new Set(names.filter((name, i) => names.indexOf(name) !== i))];
  if (twice.length > 0)
    throw new SelectionError(
      `Two parameters are named ${formatNames(twice)}.`,
      "Names are keys of the state: make them differ.",
    );
}

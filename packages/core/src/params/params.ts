import type * as tf from "@tensorflow/tfjs-core";
import { formatNames, SelectionError } from "../errors.ts";
import type { VariableMap } from "./tensor-map.ts";

/** Description of a parameter for selectors and hooks. It never holds the value. */
export interface ParamInfo {
  /** Stable path `layer/role`, e.g. `head/kernel`: without the `_1` that tfjs adds if a name is taken. */
  readonly name: string;
  /** Path of the layer in the model. In a wrapper the inner layer comes between layer and role: `bi/forward/kernel`. */
  readonly layer: string;
  /** Last segment of the name: `kernel`, `bias`, `gamma`, `beta`, `embeddings`, ... */
  readonly role: string;
  readonly shape: readonly number[];
  /**
   * Axes that index output units: tfjs kernels are IO, HWIO and HW-in-mult, not PyTorch's layout. All axes if each
   * element is a unit of its own (bias, gamma, alpha); no axis if the tensor is one number.
   */
  readonly unitAxes: readonly number[];
}

/** A parameter and the variable that holds it. */
export interface Param extends ParamInfo {
  readonly variable: tf.Variable;
  /** Applied to the new value after each update: a layer's `kernelConstraint`, which stock optimizers ignore. */
  readonly constraint?: (value: tf.Tensor) => tf.Tensor;
  /** Whether the model lets it train now. @default the variable's own `trainable` */
  readonly trains?: () => boolean;
}

/** Whether the model lets `param` train now: `layer.trainable` of its layer and of all models around it. */
export function isTrained({ variable, trains }: Param): boolean {
  return trains ? trains() : variable.trainable;
}

/** Returns the variables of `params`, by name. */
export function variablesOf(params: readonly Param[]): VariableMap {
  const variables: Record<string, tf.Variable> = {};
  for (const { name, variable } of params) variables[name] = variable;
  return variables;
}

/** @throws SelectionError if the list is empty, or if two parameters have one name. */
export function assertParams(params: readonly Param[]): void {
  if (!params?.length) {
    throw new SelectionError("The optimizer has no parameters.", "Pass namedParams(model). Is a layer trainable?");
  }
  const names = params.map(({ name }) => name);
  const twice = [...new Set(names.filter((name, i) => names.indexOf(name) !== i))];
  if (twice.length > 0)
    throw new SelectionError(
      `Two parameters are named ${formatNames(twice)}.`,
      "Names are keys of the state: make them differ.",
    );
}

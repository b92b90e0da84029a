import * as tf from "@tensorflow/tfjs-core";
import { type Loss, lossOf } from "../../losses/loss.ts";
import type { ModelAdapter } from "../../models/adapter/model-adapter.ts";
import { flatten } from "../../models/layers/layer-graph.ts";
import type { LayersModelLike } from "../../models/layers/layers-model.ts";
import { DataError } from "../data-error.ts";
import type { Pass, Source } from "./source.ts";

/** Returns the dtype that a tensor must be cast to; its own dtype if it is used unchanged. */
export type TypeOf = (given: tf.DataType) => tf.DataType;

/** The dtypes of inputs and labels, in the model's order. The last label is the weights of the examples. */
export interface ColumnTypes {
  readonly inputNames: readonly string[];
  readonly inputs: readonly TypeOf[];
  readonly labels: readonly TypeOf[];
}

/**
 * Returns the dtypes that the model and its losses expect. `fit` and `predict` of tfjs cast inputs to the same dtypes. Kernels do not
 * convert: some read the bytes of an int32 tensor as floats, others throw.
 *
 * An input is cast to the dtype that the model declares. int32 values that only Embedding layers read stay int32, because float32
 * holds whole numbers only up to 2²⁴. Inputs of models that declare no dtype are used unchanged.
 *
 * Labels are cast to float32. Class indices may also be int32, and a loss function of the user gets its labels unchanged.
 */
export function columnTypes({ ports, patchable }: ModelAdapter, losses: readonly Loss[]): ColumnTypes {
  const onlyEmbedded = embeddedInputs(patchable);
  return {
    inputNames: ports.inputNames,
    inputs: ports.inputs.map(
      ({ dtype: declared }, i) =>
        (given) =>
          declared === undefined || (given === "int32" && onlyEmbedded.has(i)) ? given : declared,
    ),
    labels: [...losses.map(labelType), () => "float32"],
  };
}

function labelType(loss: Loss): TypeOf {
  if (typeof loss === "function") return (given) => given;
  const { sparse = false } = lossOf(loss);
  return (given) => (!sparse ? "float32" : given === "bool" ? "int32" : given);
}

/** Returns the indices of the inputs that only Embedding layers read. */
function embeddedInputs(model: object): ReadonlySet<number> {
  if (!("inputs" in model)) return new Set();
  const readers = new Map<number, Set<string>>();
  for (const { layer, inputs } of flatten(model as LayersModelLike).nodes) {
    for (const { node, output } of inputs) {
      if (node < 0) readers.set(output, (readers.get(output) ?? new Set()).add(layer.getClassName()));
    }
  }
  return new Set([...readers].filter(([, kinds]) => kinds.size === 1 && kinds.has("Embedding")).map(([i]) => i));
}

/** Casts tensors to their dtypes. Frees the given tensors that it replaces. */
export function castColumns(tensors: readonly tf.Tensor[], types: readonly TypeOf[]): tf.Tensor[] {
  return tensors.map((tensor, i) => {
    const type = types[i]?.(tensor.dtype) ?? tensor.dtype;
    if (type === tensor.dtype) return tensor;
    const cast = tf.cast(tensor, type);
    tensor.dispose();
    return cast;
  });
}

/**
 * Casts the rows of a source as they are taken, so that data in memory are not copied as a whole.
 *
 * @param what name of the data in messages.
 * @throws DataError from `take` if an input with fractions would be cut to whole numbers.
 */
export function castSource(source: Source, types: ColumnTypes, what: string): Source {
  return {
    ...source,
    open(order, from): Pass {
      const pass = source.open(order, from);
      return {
        async take(indices, withInputs) {
          const rows = await pass.take(indices, withInputs);
          try {
            await assertWhole(rows.inputs, types, what);
          } catch (error) {
            tf.dispose([rows.inputs, rows.labels]);
            throw error;
          }
          return { inputs: castColumns(rows.inputs, types.inputs), labels: castColumns(rows.labels, types.labels) };
        },
        close: () => pass.close(),
      };
    },
  };
}

/** @throws DataError if an input that the model takes as integers has fractions, for example pixels between 0 and 1. */
async function assertWhole(
  inputs: readonly tf.Tensor[],
  { inputs: types, inputNames }: ColumnTypes,
  what: string,
): Promise<void> {
  for (const [i, tensor] of inputs.entries()) {
    const type = types[i]?.(tensor.dtype);
    if (tensor.dtype !== "float32" || (type !== "int32" && type !== "bool")) continue;
    const whole = tf.tidy(() => tf.all(tf.equal(tensor, tf.floor(tensor))));
    const [isWhole] = await whole.data();
    whole.dispose();
    if (!isWhole)
      throw new DataError(
        `${what}.xs \`${inputNames[i]}\` holds numbers that are not whole, and the model takes ${type}.`,
        "Give whole numbers. For pictures these are usually pixels from 0 to 255.",
      );
  }
}

import * as tf from "@tensorflow/tfjs-core";
import { type Loss, lossOf } from "../../losses/loss.ts";
import type { ModelAdapter } from "../../models/adapter/model-adapter.ts";
import { flatten } from "../../models/layers/layer-graph.ts";
import type { LayersModelLike } from "../../models/layers/layers-model.ts";
import type { Pass, Source } from "./source.ts";

/** Returns the dtype that a tensor must be cast to; its own dtype if it is used unchanged. */
export type TypeOf = (given: tf.DataType) => tf.DataType;

/** The dtypes of inputs and labels, in the model's order. */
export interface ColumnTypes {
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
    inputs: ports.inputs.map((port, i) => {
      const { dtype: declared } = port as { readonly dtype?: tf.DataType };
      return (given) => (declared === undefined || (given === "int32" && onlyEmbedded.has(i)) ? given : declared);
    }),
    labels: losses.map((loss) => {
      if (typeof loss === "function") return (given) => given;
      const { sparse = false } = lossOf(loss);
      return (given) => (!sparse ? "float32" : given === "bool" ? "int32" : given);
    }),
  };
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

/** Casts the rows of a source as they are taken, so that data in memory are not copied as a whole. */
export function castSource(source: Source, { inputs, labels }: ColumnTypes): Source {
  return {
    ...source,
    open(order, from): Pass {
      const pass = source.open(order, from);
      return {
        async take(indices, withInputs) {
          const rows = await pass.take(indices, withInputs);
          return { inputs: castColumns(rows.inputs, inputs), labels: castColumns(rows.labels, labels) };
        },
        close: () => pass.close(),
      };
    },
  };
}

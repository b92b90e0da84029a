import * as tf from "@tensorflow/tfjs-core";
import type { CutModel } from "../../models/adapter/model-adapter.ts";
import type { Port, Ports } from "../../models/adapter/ports.ts";
import { castColumns, type TypeOf } from "./column-types.ts";

/**
 * Returns the shapes of the outputs. If the model does not state them, `examples` is called for some inputs to find out. Without
 * `examples`, the shapes known so far are returned.
 */
export type OutputPorts = (examples?: () => readonly tf.Tensor[]) => readonly Port[];

/**
 * Gives the output shapes stated by the model. If the model does not state them (inner nodes of a converted graph, or an open number
 * of classes), runs the model on one example to find out.
 *
 * @param types dtypes of the inputs.
 */
export function outputPorts({ inputs, outputs }: Ports, cut: CutModel, types: readonly TypeOf[]): OutputPorts {
  const open = outputs.some(({ shape }) => shape.at(-1) == null);
  let known = open ? undefined : outputs;
  return (examples) => {
    if (!known && examples) known = merged(outputs, learned(cut, examples(), inputs, types), inputs);
    return known ?? outputs;
  };
}

type Shapes = readonly (readonly number[])[];

function learned(
  cut: CutModel,
  examples: readonly tf.Tensor[],
  inputs: readonly Port[],
  types: readonly TypeOf[],
): Shapes {
  let shapes: Shapes = [];
  try {
    tf.tidy(() => {
      // A graph that was converted for one batch size accepts no other.
      const rows = examples.map((tensor, i) => tf.slice(tensor, 0, Math.min(inputs[i]?.shape[0] ?? 1, rowsOf(tensor))));
      shapes = cut.runTail(cut.runTrunk(castColumns(rows, types)), false).map(({ shape }) => shape);
    });
  } catch {
    // The first step will fail in the same way, with a message that names the place.
  }
  return shapes;
}

function merged(outputs: readonly Port[], found: Shapes, inputs: readonly Port[]): readonly Port[] {
  // If inputs may have any size, outputs may too, so other examples may have outputs of another size.
  const anySize = inputs.some(({ shape }) => shape.length === 0 || shape.slice(1).includes(null));
  return outputs.map((port, i) => {
    const shape = found[i];
    if (!shape || port.shape.at(-1) != null) return port;
    return { shape: shape.map((n, axis) => (axis === 0 || (anySize && axis < shape.length - 1) ? null : n)) };
  });
}

function rowsOf({ shape }: tf.Tensor): number {
  return shape[0] ?? 0;
}

import * as tf from "@tensorflow/tfjs-core";
import type { CutModel } from "../../models/adapter/model-adapter.ts";
import type { Port, Ports } from "../../models/adapter/ports.ts";

/** The outputs' shapes; `examples` is asked for some inputs where they have to be learned. Without it, what is known so far. */
export type OutputPorts = (examples?: () => readonly tf.Tensor[]) => readonly Port[];

/**
 * Outputs as the model describes them, or, where it does not say what they are (an inner node of a converted graph, classes left
 * open), as one example's come out.
 */
export function outputPorts({ inputs, outputs }: Ports, cut: CutModel): OutputPorts {
  const open = outputs.some(({ shape }) => shape.at(-1) == null);
  let known = open ? undefined : outputs;
  return (examples) => {
    if (!known && examples) known = merged(outputs, learned(cut, examples(), inputs), inputs);
    return known ?? outputs;
  };
}

type Shapes = readonly (readonly number[])[];

function learned(cut: CutModel, examples: readonly tf.Tensor[], inputs: readonly Port[]): Shapes {
  let shapes: Shapes = [];
  try {
    tf.tidy(() => {
      // A graph that was converted for one batch size takes no other.
      const rows = examples.map((tensor, i) => tf.slice(tensor, 0, Math.min(inputs[i]?.shape[0] ?? 1, rowsOf(tensor))));
      shapes = cut.runTail(cut.runTrunk(rows), false).map(({ shape }) => shape);
    });
  } catch {
    // The first step will fail in the same way, and say where.
  }
  return shapes;
}

function merged(outputs: readonly Port[], found: Shapes, inputs: readonly Port[]): readonly Port[] {
  // Inputs of any height give outputs of any height: one example's is not everyone's.
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

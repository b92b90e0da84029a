import type { CallableLayer, LayerCall } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

/** The fields of a tfjs-layers cell that hold its dropout masks. */
interface Cell {
  /** The cells of StackedRNNCells. */
  readonly cells?: readonly Cell[];
  dropoutMask?: tf.Tensor | tf.Tensor[] | null;
  recurrentDropoutMask?: tf.Tensor | tf.Tensor[] | null;
}

/**
 * Returns a `call` for `tf.layers.rnn` that gives the cells new dropout masks, or undefined if no cell has dropout.
 *
 * LSTM, GRU and SimpleRNN drop the masks of the batch before. The layer RNN does not, so its cells would use the first batch's masks for
 * ever, and a batch of another size would throw.
 *
 * @param previous the layer's own `call`.
 */
export function withNewMasks(layer: CallableLayer, previous: LayerCall): LayerCall | undefined {
  const cells = cellsOf((layer as unknown as { readonly cell: Cell }).cell);
  const random = cells.some((cell) => {
    const { dropout = 0, recurrentDropout = 0 } = cell as {
      readonly dropout?: number;
      readonly recurrentDropout?: number;
    };
    return dropout > 0 || recurrentDropout > 0;
  });
  if (!random) return undefined;
  return (inputs, kwargs) => {
    cells.forEach(freeMasksOf);
    return previous(inputs, kwargs);
  };
}

/** Frees the dropout masks that a recurrent layer keeps until its next batch. */
export function freeMasks(layer: object): void {
  const { cell } = layer as { readonly cell?: Cell };
  if (cell) cellsOf(cell).forEach(freeMasksOf);
}

function freeMasksOf(cell: Cell): void {
  tf.dispose([cell.dropoutMask ?? [], cell.recurrentDropoutMask ?? []]);
  cell.dropoutMask = null;
  cell.recurrentDropoutMask = null;
}

function cellsOf(cell: Cell): readonly Cell[] {
  return cell.cells ? cell.cells.flatMap(cellsOf) : [cell];
}

import type { HookedOptimizer } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { assertGradients } from "../../corrections/assert-gradients.ts";
import type { ModelAdapter } from "../../models/adapter/model-adapter.ts";
import { castColumns, type ColumnTypes } from "../../pipeline/source/column-types.ts";
import type { Columns } from "../../pipeline/source/columns.ts";
import type { Phase } from "./phases.ts";

/** Size of an input axis that the model leaves open, if no example is at hand. */
const OPEN_AXIS = 32;

/** The parts of a run that a trial uses. */
export interface Trial {
  readonly adapter: ModelAdapter;
  readonly optimizer: HookedOptimizer;
  readonly types: ColumnTypes;
}

/**
 * Examines one forward and backward pass of a phase for ops without a gradient.
 *
 * @param example examples in memory. Without them, for a stream, inputs are zeros.
 * @throws OptionsError that names the layer (or node) and the op.
 */
export function tryGradients(
  { adapter, optimizer, types }: Trial,
  { cut, params }: Phase,
  example: Columns | undefined,
): void {
  if (cut.tail.kinds === undefined) return;
  const ports = adapter.ports.inputs;
  // A graph that was converted for one batch size accepts no other.
  const rows = (i: number): number => ports[i]?.shape[0] ?? 1;
  const few = (tensor: tf.Tensor, i: number): tf.Tensor =>
    tf.slice(tensor, 0, Math.min(rows(i), tensor.shape[0] as number));
  const inputs = (): tf.Tensor[] =>
    example
      ? castColumns(example.inputs.map(few), types.inputs)
      : ports.map(({ shape: [, ...shape], dtype }, i) =>
          tf.zeros([rows(i), ...shape.map((size) => size ?? OPEN_AXIS)], dtype),
        );
  assertGradients({ adapter, optimizer, cut, params, inputs });
}

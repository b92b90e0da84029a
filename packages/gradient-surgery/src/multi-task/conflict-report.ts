import {
  disposeGradients,
  gramians,
  type Param,
  type TaskLosses,
  taskGradients,
  type WeighingCombiner,
} from "@graftjs/core";
import type * as tf from "@tensorflow/tfjs-core";
import { correlation } from "./correlation.ts";

/** Norms and cosines of the gradients of several tasks. */
export interface GradientConflicts {
  readonly tasks: readonly string[];
  /** Norm of the gradient of each task. */
  readonly norms: readonly number[];
  /** Cosine between the gradients of each two tasks. They conflict if it is below 0. A zero gradient has cosine 0. */
  readonly cosines: readonly (readonly number[])[];
}

/** Options of {@link conflictReport}. */
export interface ConflictReportOptions {
  readonly params: readonly Param[];
  readonly losses: TaskLosses;
  /** One report for all parameters, under the key "", or one per layer or tensor. @default "whole" */
  readonly granularity?: "whole" | "layer" | "tensor";
  /** Variables that a forward pass writes. They are restored. @default [] */
  readonly statistics?: readonly tf.Variable[];
}

/**
 * Computes the cosines between the gradients of several tasks. Use it before training to see whether the tasks conflict.
 *
 * It needs one backward pass per task, and reads from the device once. It changes nothing.
 *
 * @returns the conflicts by group: by "", layer path or parameter name, as `granularity` says.
 */
export async function conflictReport(
  options: ConflictReportOptions,
): Promise<{ readonly [group: string]: GradientConflicts }> {
  const { params, losses, granularity = "whole", statistics = [] } = options;
  const groups = new Map<string, string[]>();
  for (const { name, layer } of params) {
    const group = granularity === "whole" ? "" : granularity === "layer" ? layer : name;
    groups.set(group, [...(groups.get(group) ?? []), name]);
  }
  const found = taskGradients(params, losses, statistics, true);
  try {
    const grams = await gramians(found.byTask, groups);
    return Object.fromEntries([...grams].map(([group, gram]) => [group, conflictsOf(gram, Object.keys(losses))]));
  } finally {
    disposeGradients(found);
  }
}

/**
 * Wraps a combiner, so that `watch` gets the conflicts of each step. They come from the Gramian of the combiner and need no
 * additional pass. If the combiner works per layer or tensor, `watch` is called once for each.
 */
export function watchConflicts<C extends WeighingCombiner>(
  combiner: C,
  watch: (conflicts: GradientConflicts, at: { readonly step: number; readonly group: string }) => void,
): C {
  return {
    ...combiner,
    weigh(gram: Float64Array, tasks: readonly string[], state: never, at: { step: number; group: string }) {
      const out = combiner.weigh(gram, tasks, state, at);
      watch(conflictsOf(gram, tasks), at);
      return out;
    },
  };
}

/** Formats the cosines as a table with one row and one column per task. */
export function formatConflicts({ tasks, cosines }: GradientConflicts): string {
  const width = Math.max(6, ...tasks.map((task) => task.length));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell) => cell.padStart(width))
      .join("  ")
      .trimEnd();
  return [
    line(["", ...tasks]),
    ...tasks.map((task, i) => line([task.padEnd(width), ...(cosines[i] ?? []).map((c) => c.toFixed(2))])),
  ].join("\n");
}

function conflictsOf(gram: Float64Array, tasks: readonly string[]): GradientConflicts {
  const { m, norms, cosines } = correlation(gram);
  return {
    tasks,
    norms: [...norms],
    cosines: tasks.map((_, i) => [...cosines.subarray(i * m, (i + 1) * m)]),
  };
}

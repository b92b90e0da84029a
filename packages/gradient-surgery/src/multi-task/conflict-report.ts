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

/** Do the tasks pull the same way? */
export interface GradientConflicts {
  readonly tasks: readonly string[];
  /** Norm of each task's gradient. */
  readonly norms: readonly number[];
  /** Cosine between the gradients of each two tasks; below 0 they conflict. A gradient of 0 has cosine 0. */
  readonly cosines: readonly (readonly number[])[];
}

export interface ConflictReportOptions {
  readonly params: readonly Param[];
  readonly losses: TaskLosses;
  /** One report over all parameters, under "", or one a layer or tensor. @default "whole" */
  readonly granularity?: "whole" | "layer" | "tensor";
  /** Variables that a forward pass writes: they stay as they are. @default [] */
  readonly statistics?: readonly tf.Variable[];
}

/**
 * Cosines between the tasks' gradients, by layer or tensor on request: before training, to see whether there is a conflict
 * to resolve at all. A backward pass a task, one read-back. Nothing moves.
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
 * The same combiner, which also tells the conflicts of each step, from the Gramian it is given anyway: no further pass.
 * Per layer where the combiner works per layer.
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

/** Conflicts as a table for people: a row and a column a task. */
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

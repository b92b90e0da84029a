import { recordKernels } from "@graftjs/core";
import { type FineTuneOptions, fineTune } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { withoutConvolutions } from "./without-convolutions.ts";

/** Where a model leaves a side of its input open. */
const OPEN_SIDE = 32;

/**
 * The kernels that a run calls, forward, backward and in its update: recorded from one step over one empty example on cpu.
 * `undefined` where that step fails: the run itself will say why, in its own words. The model is spoilt: its
 * weights have taken that step.
 */
export async function kernelsOfRun(
  model: LayersModel,
  options: Omit<FineTuneOptions, "data" | "validation">,
): Promise<readonly string[] | undefined> {
  const xs = model.inputs.map(({ shape }) => tf.zeros(closed(shape)));
  const ys = model.outputs.map(({ shape }, i) => labels(closed(shape), lossOf(model, options, i)));
  const data = { xs, ys };
  // A second step in the second epoch, where everything that is ever unfrozen is trained.
  const unfreeze = options.unfreeze?.map((phase) => ({ ...phase, epoch: 1 })) ?? [];
  const epochs = unfreeze.length > 0 ? 2 : 1;
  const once = { epochs, batchSize: 1, accumulate: 1, maxSteps: epochs, cache: false, unfreeze } as const;
  try {
    return await withoutConvolutions(() =>
      recordKernels(async () => {
        const { restore } = await fineTune(model, { ...options, ...once, data, validation: data });
        restore();
      }),
    );
  } catch {
    return undefined;
  } finally {
    tf.dispose([...xs, ...ys]);
  }
}

function closed([, ...sides]: readonly (number | null)[]): number[] {
  return [1, ...sides.map((side) => side ?? OPEN_SIDE)];
}

/** One-hot rows or numbers of the output's shape; class numbers, one fewer axis, where the loss takes those. */
function labels(shape: number[], loss: unknown): tf.Tensor {
  return String(loss).startsWith("sparse") ? tf.zeros(shape.slice(0, -1), "int32") : tf.zeros(shape);
}

function lossOf({ outputNames }: LayersModel, { loss }: Pick<FineTuneOptions, "loss">, output: number): unknown {
  if (Array.isArray(loss)) return loss[output];
  if (typeof loss === "object") return (loss as Record<string, unknown>)[outputNames[output] as string];
  return loss;
}

import { recordKernels } from "@graftjs/backend";
import { type FineTuneOptions, fineTune, type Loss } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { isSparse, lossOfOutput } from "../data/loss-of-output.ts";
import type { RunOptions } from "../recipe/run-options.ts";
import { byEffort } from "./by-effort.ts";
import { withoutConvolutions } from "./without-convolutions.ts";

/** Length of an input's axis if the model accepts any. */
const OPEN_SIDE = 32;

/**
 * Finds the kernels that a run calls in its forward pass, its backward pass and its update. It does so by recording one step
 * over one example of zeros on the cpu backend. That step changes the model's weights, so the model must not be used afterwards.
 *
 * @returns the kernels' names, or undefined if the step fails. The run will then fail too, with an error that says why.
 */
export async function kernelsOfRun(model: LayersModel, options: RunOptions): Promise<readonly string[] | undefined> {
  const xs = model.inputs.map(({ shape }) => tf.zeros(closed(shape)));
  const ys = model.outputs.map(({ shape }, i) =>
    labels(closed(shape), lossOfOutput(model.outputNames, options.loss, i)),
  );
  const data = { xs, ys };
  const given = { ...options, data, validation: data };
  // If there is gradual unfreezing, a second epoch trains every parameter that is ever unfrozen.
  const unfreeze = options.unfreeze?.map(({ trainable }) => ({ trainable, epoch: 1 })) ?? [];
  const epochs = unfreeze.length > 0 ? 2 : 1;
  // A schedule has the length of the whole run.
  const learningRate = 0.001;
  const once = { epochs, batchSize: 1, accumulate: 1, maxSteps: epochs, cache: false, unfreeze, learningRate } as const;
  try {
    return await withoutConvolutions(() =>
      recordKernels(async () => {
        const planned = (await byEffort(model, given))?.options ?? (given as FineTuneOptions);
        const { restore } = await fineTune(model, { ...planned, ...once });
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

/** Makes zeros in the shape of the output. If the loss takes class numbers, the last axis is left out. */
function labels(shape: number[], loss: Loss | undefined): tf.Tensor {
  return isSparse(loss) ? tf.zeros(shape.slice(0, -1), "int32") : tf.zeros(shape);
}

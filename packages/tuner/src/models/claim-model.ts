import { GraftError } from "@graftjs/core";
import type * as tf from "@tensorflow/tfjs-core";
import { adaptModel, type TunableModel } from "./adapt-model.ts";
import type { ModelAdapter } from "./adapter/model-adapter.ts";

/** A model is in use by another run of this process. */
export class ModelBusyError extends GraftError {
  override name = "ModelBusyError";
}

/** A model was disposed before or during a run. */
export class ModelDisposedError extends GraftError {
  override name = "ModelDisposedError";
}

const LOAD_AGAIN = "Dispose a model only after its run has ended, and load it again to train it.";
const inUse = new WeakSet<tf.Variable>();

/**
 * Reserves a model for one run. A run changes the `trainable` flags and the weights, so two runs on one model would spoil each other.
 *
 * @returns a function that releases it. It may be called twice.
 * @throws ModelBusyError if a run on this model, or on a model that shares weights with it, has not ended; ModelDisposedError
 */
export function claimModel(model: TunableModel): () => void {
  const weights = weightsOf(model);
  assertNotDisposed({ weights });
  const shared = weights.find(({ variable }) => inUse.has(variable));
  if (shared) {
    throw new ModelBusyError(
      `The model is in use: another run holds \`${shared.name}\`.`,
      "Await the first run before the next one, also within callbacks and observers; or load the model a second time.",
    );
  }
  for (const { variable } of weights) inUse.add(variable);
  return () => {
    for (const { variable } of weights) inUse.delete(variable);
  };
}

function weightsOf(model: TunableModel): ModelAdapter["weights"] {
  try {
    return adaptModel(model).weights;
  } catch (cause) {
    // tfjs-layers reads no weight of a disposed model, and names only the variable.
    if (!(cause instanceof Error) || !cause.message.endsWith("is already disposed.")) throw cause;
    throw new ModelDisposedError(`The model was disposed: ${cause.message}`, LOAD_AGAIN, { cause });
  }
}

/** @throws ModelDisposedError that names the first weight that was disposed */
export function assertNotDisposed({ weights }: Pick<ModelAdapter, "weights">, cause?: unknown): void {
  const gone = weights.find(({ variable }) => variable.isDisposed);
  if (!gone) return;
  throw new ModelDisposedError(
    `The model was disposed: \`${gone.name}\` has no values any more.`,
    LOAD_AGAIN,
    cause === undefined ? {} : { cause },
  );
}

import { OptionsError } from "@graftjs/core";
import { type ExampleData, type FineTuneOptions, holdOut, type TunableModel } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import { defaultLoss, inputRank } from "./model-facts.ts";
import type { SplitOptions } from "./options.ts";

/** The data of a run with validation examples, and the loss. */
export interface Prepared {
  readonly data: Pick<FineTuneOptions, "data" | "validation">;
  readonly loss: FineTuneOptions["loss"];
  /** Frees the tensors of both parts if this package divided the data. */
  dispose(): void;
}

/**
 * Chooses the loss, and holds out validation examples if the caller gave none.
 *
 * @throws OptionsError if the data are a stream without validation data, which cannot be divided.
 */
export async function prepare(model: TunableModel, { settings, given }: SplitOptions): Promise<Prepared> {
  const { data, validation, seed = 0 } = given;
  const stream = typeof data === "object" && data !== null && "stream" in data;
  if (stream || validation !== undefined || settings.holdOut === 0) {
    if (stream && validation === undefined && settings.holdOut > 0)
      throw new OptionsError(
        "The data are a stream, which cannot be divided into training and validation examples.",
        "Give `validation`, or `holdOut: 0` to train without early stopping.",
      );
    const loss = given.loss ?? defaultLoss(model, labelsOf(data));
    return { data: { data, ...(validation === undefined ? {} : { validation }) }, loss, dispose: () => undefined };
  }
  const held = await holdOut(data, { share: settings.holdOut, seed, rank: inputRank(model) });
  try {
    const loss = given.loss ?? defaultLoss(model, labelsOf(held.data));
    return { data: { data: held.data, validation: held.validation }, loss, dispose: held.dispose };
  } catch (error) {
    held.dispose();
    throw error;
  }
}

/** Returns the label tensor, if the data hold exactly one as a tensor. */
function labelsOf(data: FineTuneOptions["data"]): tf.Tensor | undefined {
  const { ys } = data as Partial<ExampleData>;
  if (ys instanceof tf.Tensor) return ys;
  const all = typeof ys === "object" && ys !== null ? Object.values(ys) : [];
  return all.length === 1 && all[0] instanceof tf.Tensor ? all[0] : undefined;
}

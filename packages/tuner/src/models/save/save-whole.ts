import { stored } from "../../files/safetensors/tensors.ts";
import { writeSafetensors } from "../../files/safetensors/write.ts";
import { adaptModel, type TunableModel } from "../adapt-model.ts";

/**
 * Encodes all weights of a model, tuned or not, as one safetensors file with stable names.
 *
 * @throws OptionsError if `model` cannot be tuned; SafetensorsError if a weight is named `__metadata__`.
 */
export async function saveWhole(model: TunableModel): Promise<Uint8Array> {
  const tensors = await Promise.all(
    adaptModel(model).weights.map(
      async ({ name, variable }) => [name, stored(variable, await variable.data())] as const,
    ),
  );
  return writeSafetensors(new Map(tensors), new Map([["format", "graft-whole-1"]]));
}

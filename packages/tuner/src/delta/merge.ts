import { type TunableModel, traineeOf } from "../model/trainee-of.ts";
import { stored } from "../safetensors/tensors.ts";
import { writeSafetensors } from "../safetensors/write.ts";

/**
 * A whole model, tuned or not, as one safetensors file under stable names: what is left once a delta is applied.
 *
 * @throws OptionsError where `model` is nothing that can be tuned, SafetensorsError where a weight is named `__metadata__`.
 */
export async function saveWhole(model: TunableModel): Promise<Uint8Array> {
  const tensors = await Promise.all(
    traineeOf(model).weights.map(
      async ({ name, variable }) => [name, stored(variable, await variable.data())] as const,
    ),
  );
  return writeSafetensors(new Map(tensors), new Map([["format", "graft-whole-1"]]));
}

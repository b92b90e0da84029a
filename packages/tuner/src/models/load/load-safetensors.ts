import { didYouMean } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { LoadError } from "../../files/load-error.ts";
import { readSafetensors } from "../../files/safetensors/read.ts";
import { tensorOf } from "../../files/safetensors/tensors.ts";
import { adaptModel, type TunableModel } from "../adapt-model.ts";

export interface LoadSafetensorsOptions {
  /** Maps a name in the model to the name in the file. @default the same name */
  readonly nameOf?: (name: string) => string;
  /** Converts each tensor before it is assigned, for example by transposing PyTorch's [out, in] kernels. @default none */
  readonly convert?: (tensor: tf.Tensor, name: string) => tf.Tensor;
  /** Whether to throw if the file lacks tensors of the model. @default true */
  readonly strict?: boolean;
}

/**
 * Assigns the tensors of a safetensors file to a model's weights, by name. Changes nothing unless every tensor fits.
 *
 * @throws SafetensorsError if the file is damaged; LoadError that names every tensor that is missing or has another shape.
 */
export function loadSafetensors(
  model: TunableModel,
  bytes: Uint8Array,
  { nameOf = (name) => name, convert = (tensor) => tensor, strict = true }: LoadSafetensorsOptions = {},
): void {
  const { tensors } = readSafetensors(bytes);
  const problems: string[] = [];
  tf.tidy(() => {
    const ready = adaptModel(model).weights.flatMap((weight) => {
      const fileName = nameOf(weight.name);
      const found = tensors.get(fileName);
      if (!found) {
        if (strict)
          problems.push(
            `${weight.name}: the file has no \`${fileName}\`. ${didYouMean(fileName, [...tensors.keys()])}`,
          );
        return [];
      }
      const tensor = convert(tensorOf(found, fileName), weight.name);
      if (String(tensor.shape) !== String(weight.shape))
        problems.push(`${weight.name} is [${weight.shape}], but \`${fileName}\` in the file is [${tensor.shape}]`);
      return [{ weight, tensor }];
    });
    if (problems.length > 0)
      throw new LoadError(
        `The safetensors file does not fit the model in ${problems.length} place(s).`,
        problems.join("\n"),
      );
    for (const { weight, tensor } of ready) weight.variable.assign(tensor);
  });
}

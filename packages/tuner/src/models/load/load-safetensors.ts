import { didYouMean, GraftError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { readSafetensors } from "../../files/safetensors/read.ts";
import { tensorOf } from "../../files/safetensors/tensors.ts";
import { adaptModel, type TunableModel } from "../adapt-model.ts";

/** A file of a model cannot be loaded. */
export class LoadError extends GraftError {}

export interface LoadSafetensorsOptions {
  /** From a name in the model to the name in the file. @default the same name */
  readonly nameOf?: (name: string) => string;
  /** Applied to each tensor before it is put in: PyTorch's [out, in] kernels want a transpose. @default none */
  readonly convert?: (tensor: tf.Tensor, name: string) => tf.Tensor;
  /** Whether tensors of the model that the file lacks are an error. @default true */
  readonly strict?: boolean;
}

/**
 * Puts the tensors of a safetensors file into a model, by name. Nothing is changed unless everything fits.
 *
 * @throws SafetensorsError for a damaged file, LoadError naming every tensor that is missing or of another shape.
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
      const from = nameOf(weight.name);
      const found = tensors.get(from);
      if (!found) {
        if (strict)
          problems.push(`${weight.name}: the file has no \`${from}\`. ${didYouMean(from, [...tensors.keys()])}`);
        return [];
      }
      const tensor = convert(tensorOf(found, from), weight.name);
      if (String(tensor.shape) !== String(weight.shape))
        problems.push(`${weight.name} is [${weight.shape}], \`${from}\` in the file [${tensor.shape}]`);
      return [{ weight, tensor }];
    });
    if (problems.length > 0)
      throw new LoadError(`The file does not fit the model in ${problems.length} place(s).`, problems.join("\n"));
    for (const { weight, tensor } of ready) weight.variable.assign(tensor);
  });
}

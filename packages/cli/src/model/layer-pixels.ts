import type * as tf from "@tensorflow/tfjs-core";
import type * as tfl from "@tensorflow/tfjs-layers";

/** Layers before the one that rescales: they keep the values of pixels. */
const KEEPS = /^(InputLayer|Resizing|KerasResize|CenterCrop|Random\w+|ZeroPadding2D|KerasRandom\w+)$/;

/** A layer that divides by more than this, or subtracts more than this, takes bytes. */
const BYTES = 20;

/**
 * Finds the range of pixels that a model with layers of its own for it takes: [0, 255] in front of `Rescaling(1/255)`, for example.
 *
 * @returns undefined if the first layer that computes does not rescale.
 */
export async function rangeOfLayers(model: tfl.LayersModel): Promise<readonly [number, number] | undefined> {
  for (const layer of model.layers) {
    const name = layer.getClassName();
    if (KEEPS.test(name)) continue;
    if ("layers" in layer) {
      const nested = layer as unknown as tfl.LayersModel;
      if (nested.layers.every((inner) => KEEPS.test(inner.getClassName()))) continue;
      return rangeOfLayers(nested);
    }
    const takesBytes = await bytesOf(layer, name);
    return takesBytes === undefined ? undefined : takesBytes ? [0, 255] : [0, 1];
  }
  return undefined;
}

/** Tells whether a layer takes bytes. Undefined if it does not rescale, or if its numbers do not tell. */
async function bytesOf(layer: tfl.layers.Layer, name: string): Promise<boolean | undefined> {
  const config = layer.getConfig() as Readonly<Record<string, unknown>>;
  if (name === "Rescaling") {
    const scales = [config.scale].flat().filter((scale) => typeof scale === "number");
    return scales.length === 0 ? undefined : scales.every((scale) => Math.abs(scale) < 1 / BYTES);
  }
  if (name === "KerasNormalization" || name === "Normalization") {
    const mean = await meanOf(layer, config);
    return mean.length === 0 ? undefined : Math.max(...mean.map(Math.abs)) > BYTES;
  }
  if (name !== "KerasOperation") return undefined;
  const numbers = [config.operands].flat().filter((operand) => typeof operand === "number" && operand !== 0);
  const tells = numbers.some((number) => Math.abs(number as number) > BYTES || Math.abs(number as number) < 1 / BYTES);
  return tells || undefined;
}

async function meanOf(layer: tfl.layers.Layer, config: Readonly<Record<string, unknown>>): Promise<readonly number[]> {
  if (config.mean !== undefined && config.mean !== null) return [config.mean].flat(4).map(Number);
  const [mean] = layer.getWeights() as (tf.Tensor | undefined)[];
  return mean ? [...(await mean.data())] : [];
}

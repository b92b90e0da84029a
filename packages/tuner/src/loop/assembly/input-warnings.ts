import * as tf from "@tensorflow/tfjs-core";
import { everyLayer } from "../../corrections/every-layer.ts";
import type { ModelAdapter } from "../../models/adapter/model-adapter.ts";
import type { Columns } from "../../pipeline/source/columns.ts";

/** Layers after which the range of the inputs is known to be right, or does not matter. */
const RESCALES: ReadonlySet<string> = new Set(["Rescaling", "Normalization", "KerasNormalization", "KerasOperation"]);
/** Number of examples to look at. */
const ROWS = 32;

/**
 * Warns of pictures with the values of bytes, 0 to 255, for a LayersModel without a layer that rescales them.
 *
 * @param example examples in memory. For a stream there are none, and no warnings.
 */
export async function inputWarnings(
  { patchable, ports }: ModelAdapter,
  example: Columns | undefined,
): Promise<readonly string[]> {
  const layers = everyLayer(patchable).map(({ layer }) => (layer as { getClassName(): string }).getClassName());
  const [first] = layers.filter((name) => name !== "InputLayer");
  if (!example || layers.length === 0 || first === "BatchNormalization" || layers.some((name) => RESCALES.has(name)))
    return [];
  const warnings: string[] = [];
  for (const [i, tensor] of example.inputs.entries()) {
    if (tensor.rank !== 4 || tensor.dtype === "string" || !(await isBytes(tensor))) continue;
    warnings.push(
      `The input \`${ports.inputNames[i]}\` has whole numbers up to 255, as the bytes of pictures, and no layer rescales them. Most models are trained on 0 to 1 or -1 to 1: divide by 255, or as the base model's preprocessing says.`,
    );
  }
  return warnings;
}

async function isBytes(tensor: tf.Tensor): Promise<boolean> {
  const found = tf.tidy(() => {
    const x = tf.cast(tf.slice(tensor, 0, Math.min(ROWS, tensor.shape[0] ?? 0)), "float32");
    return tf.stack([tf.min(x), tf.max(x), tf.max(tf.abs(tf.sub(x, tf.round(x))))]);
  });
  const [least = 0, most = 0, fraction] = await found.data();
  found.dispose();
  return least >= 0 && most > 100 && most <= 255 && fraction === 0;
}

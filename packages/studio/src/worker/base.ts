import { loadLayersModel, replaceHead, urlReader } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { StudioError } from "../protocol.ts";

/** A pretrained model without its head. */
export interface Base {
  /** Names the base. Stored features are used only if their base has the same digest. */
  readonly digest: string;
  /** Side of its square input in pixels. */
  readonly side: number;
  /** Numbers per picture before the head. */
  readonly size: number;
  /** Computes the features of some pictures. @param pixels rows of `side × side × 3` numbers */
  features(pixels: readonly Float32Array[]): Promise<readonly Float32Array[]>;
  /** Makes a fresh model with its own weights and a new head. Equal calls give equal weights. */
  fresh(units: number): Promise<layers.LayersModel>;
}

/**
 * Loads a base.
 *
 * @param url address of its `model.json`
 * @param after layer that the head reads. @default the layer before the last layer with parameters
 * @throws StudioError if it cannot be loaded, or if its input is not a square picture of three channels
 */
export async function loadBase(url: string, after?: string): Promise<Base> {
  const folder = url.slice(0, url.lastIndexOf("/") + 1);
  const files = new Map<string, Promise<Uint8Array>>();
  const fetched = urlReader(folder);
  // The bytes are kept, because each training starts from a fresh copy of the model.
  const read = (path: string): Promise<Uint8Array> => {
    const known = files.get(path) ?? fetched(path);
    files.set(path, known);
    return known;
  };
  const name = url.slice(folder.length);
  const fresh = async (units: number): Promise<layers.LayersModel> =>
    replaceHead(await loadLayersModel(read, name), { units, ...(after === undefined ? {} : { after }) });
  const withHead = await fresh(1).catch((cause: unknown) => {
    throw new StudioError("base", cause instanceof Error ? cause.message : String(cause), { cause });
  });
  const [, height, side, channels] = withHead.inputs[0]?.shape ?? [];
  if (!side || height !== side || channels !== 3)
    throw new StudioError("base", "The base needs one input of square pictures with three channels.");
  const output = withHead.getLayer("head").input as layers.SymbolicTensor;
  const trunk = layers.model({ inputs: withHead.inputs, outputs: output });
  const size = output.shape.at(-1) as number;
  return {
    digest: await digestOf([...(await Promise.all(files.values()))]),
    side,
    size,
    fresh,
    async features(pixels) {
      const values = tf.tidy(() => trunk.predict(batchOf(pixels, side)) as tf.Tensor);
      const flat = (await values.data()) as Float32Array;
      values.dispose();
      return pixels.map((_, i) => flat.slice(i * size, (i + 1) * size));
    },
  };
}

/** Makes a tensor `[n, side, side, 3]` of pictures. */
export function batchOf(pixels: readonly Float32Array[], side: number): tf.Tensor4D {
  const flat = new Float32Array(pixels.length * side * side * 3);
  pixels.forEach((one, i) => {
    flat.set(one, i * one.length);
  });
  return tf.tensor4d(flat, [pixels.length, side, side, 3]);
}

async function digestOf(parts: readonly Uint8Array[]): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", await new Blob([...parts] as BlobPart[]).arrayBuffer());
  return Array.from(new Uint8Array(hash).slice(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

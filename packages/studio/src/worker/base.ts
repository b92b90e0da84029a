import { loadLayersModel, type ModelCard, readModelCard, replaceHead } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { StudioError } from "../protocol.ts";
import type { BaseSource } from "./base-source.ts";

/** The input of a base: a square picture. */
export interface BaseInput {
  /** Side in pixels. */
  readonly side: number;
  /** Values of a black and of a white pixel. */
  readonly range: readonly [number, number];
}

/** A pretrained model without its head. */
export interface Base extends BaseInput {
  /** Names the base. Stored features are used only if their base has the same digest. */
  readonly digest: string;
  /** Numbers per picture before the head. */
  readonly size: number;
  /** Computes the features of some pictures. @param pixels rows of `side × side × 3` numbers */
  features(pixels: readonly Float32Array[]): Promise<readonly Float32Array[]>;
  /** Makes a fresh model with its own weights and a new head. Equal calls give equal weights. */
  fresh(units: number): Promise<layers.LayersModel>;
  /** Frees the weights of `features`. */
  dispose(): void;
}

/**
 * Loads a base.
 *
 * @param source files of a LayersModel
 * @param after layer that the head reads. @default the layer before the last layer with parameters
 * @throws StudioError if it cannot be loaded, or if its input is not a square picture of three channels
 */
export async function loadBase({ name, read: readFile }: BaseSource, after?: string): Promise<Base> {
  const files = new Map<string, Promise<Uint8Array>>();
  // The bytes are kept, because each training starts from a fresh copy of the model.
  const read = (path: string): Promise<Uint8Array> => {
    const known = files.get(path) ?? readFile(path);
    files.set(path, known);
    return known;
  };
  const fresh = async (units: number): Promise<layers.LayersModel> =>
    replaceHead(await loadLayersModel(read, name), { units, ...(after === undefined ? {} : { after }) });
  const withHead = await fresh(1).catch((cause: unknown) => {
    throw new StudioError("base", cause instanceof Error ? cause.message : String(cause), { cause });
  });
  const [, height, side, channels] = withHead.inputs[0]?.shape ?? [];
  if (!side || height !== side || channels !== 3) {
    withHead.dispose();
    throw new StudioError("base", "The base needs one input of square pictures with three channels.");
  }
  const output = withHead.getLayer("head").input as layers.SymbolicTensor;
  const trunk = layers.model({ inputs: withHead.inputs, outputs: output });
  const size = output.shape.at(-1) as number;
  return {
    digest: await digestOf([...(await Promise.all(files.values()))]),
    side,
    range: rangeOf(withHead, readModelCard(new TextDecoder().decode(await read(name)))),
    size,
    fresh,
    dispose: () => void withHead.dispose(),
    async features(pixels) {
      const values = tf.tidy(() => trunk.predict(batchOf(pixels, side)) as tf.Tensor);
      const flat = (await values.data()) as Float32Array;
      values.dispose();
      return pixels.map((_, i) => flat.slice(i * size, (i + 1) * size));
    },
  };
}

/** Returns the range of pixels that a model expects: that of its card, 0 to 255 if a layer scales them, or 0 to 1. */
function rangeOf(model: layers.LayersModel, card: ModelCard | undefined): readonly [number, number] {
  const { range } = (card?.reader?.with ?? {}) as { range?: unknown };
  const [black, white]: readonly unknown[] = Array.isArray(range) ? range : [];
  if (typeof black === "number" && typeof white === "number") return [black, white];
  const scales = model.layers.some((layer) => /^(Rescaling|Normalization)$/.test(layer.getClassName()));
  return scales ? [0, 255] : [0, 1];
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

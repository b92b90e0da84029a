import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type BasePixels, type DataFilesError, pixelsOfPreprocessor } from "@graftjs/data";
import type { InputReaderUse } from "@graftjs/tuner";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { UsageError } from "../terminal/errors.ts";
import { rangeOfLayers } from "./layer-pixels.ts";

/**
 * Finds out how a base model wants its pictures, if `graft run` has not stored it: by a `preprocessor_config.json` beside the model, or by
 * layers of the model that rescale.
 *
 * @param path of the model's file.
 * @returns a reader, whose size may be missing. Undefined if nothing says it.
 * @throws UsageError if the preprocessor_config.json is damaged
 */
export async function readerOfBase(path: string, layers: LayersModel | undefined): Promise<InputReaderUse | undefined> {
  const stored = await preprocessorOf(join(dirname(path), "preprocessor_config.json"));
  const range = layers && (await rangeOfLayers(layers));
  if (!stored && !range) return undefined;
  // A model that rescales by itself must not be rescaled twice.
  return { use: "image", with: { ...stored, ...(range ? { range } : {}) } };
}

async function preprocessorOf(path: string): Promise<BasePixels | undefined> {
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return pixelsOfPreprocessor(JSON.parse(text));
  } catch (cause) {
    const { hint = "Repair or remove the file." } = cause as Partial<DataFilesError>;
    throw new UsageError(`${path} cannot be used: ${(cause as Error).message.split("\n")[0]}`, hint, { cause });
  }
}

/** Completes a reader of pictures by the shape of the model's input. Returns undefined if the input is not a picture of fixed size. */
export function completed(
  reader: InputReaderUse | undefined,
  inputs: readonly { readonly shape: readonly (number | null)[] }[],
): InputReaderUse | undefined {
  const [, height, width, channels, ...more] = inputs[0]?.shape ?? [];
  const given = reader?.with as BasePixels | undefined;
  const size = [height ?? given?.size?.[0], width ?? given?.size?.[1]];
  if (!reader || inputs.length !== 1 || more.length > 0 || (channels !== 1 && channels !== 3)) return undefined;
  if (size.includes(undefined)) return undefined;
  return { use: reader.use, with: { ...given, size, channels } };
}

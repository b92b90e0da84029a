import { DataFilesError } from "../data-files-error.ts";
import { channelScales, type ImageOptions, type PixelOptions } from "./image-options.ts";

/** Options of pictures that a base model asks for. */
export interface BasePixels extends PixelOptions {
  /** Height and width. Undefined if the model decides. */
  readonly size?: readonly number[];
}

/** Processors that do not normalize, although their files may have a mean. */
const NEVER = /^MobileViT/;

/**
 * Translates the `preprocessor_config.json` of Hugging Face into options of pictures: `(pixel · rescale_factor − image_mean) / image_std`.
 *
 * A picture that Hugging Face resizes and then crops is resized so that it covers the input. The small margin that it cuts off before is
 * kept.
 *
 * @param config content of the file, which may be anything.
 * @returns undefined if the file is not about pictures.
 * @throws DataFilesError if a value about pictures has the wrong type
 */
export function pixelsOfPreprocessor(config: unknown): BasePixels | undefined {
  const given = (isObject(config) ? config : {}) as Readonly<Record<string, unknown>>;
  if (!["image_mean", "image_std", "rescale_factor", "do_rescale", "do_normalize"].some((key) => key in given))
    return undefined;
  const factor = given.do_rescale === false ? 1 : numberOf(given, "rescale_factor", 1 / 255);
  const shift = given.rescale_offset === true && given.do_rescale !== false ? -1 : 0;
  const normalizes = given.image_mean !== undefined && (given.do_normalize ?? !NEVER.test(typeOf(given)));
  const size = sizeOf(given.do_center_crop === false ? given.size : (given.crop_size ?? given.size));
  const covers = given.do_center_crop !== false && given.crop_size !== undefined;
  const shortest = isObject(given.size) && "shortest_edge" in given.size;
  return {
    range: [shift, 255 * factor + shift],
    ...(normalizes ? { mean: listOf(given, "image_mean") } : {}),
    ...stdOf(given, normalizes === true),
    order: given.do_flip_channel_order === true ? "bgr" : "rgb",
    fit: covers || shortest ? "cover" : "stretch",
    ...(size ? { size } : {}),
  };
}

/**
 * Writes options of pictures as a `preprocessor_config.json` of Hugging Face. `pixelsOfPreprocessor` reads the same numbers back.
 *
 * @returns undefined if the format has no words for them: pictures with black borders, or cut to a rectangle that is not a square.
 */
export function preprocessorOfPixels(options: ImageOptions): Readonly<Record<string, unknown>> | undefined {
  const { size, channels = 3, fit = "cover", order } = options;
  const [height, width] = size as readonly [number, number];
  if (fit === "contain" || (fit === "cover" && height !== width)) return undefined;
  const scales = channelScales(options, channels);
  const std = scales.map(({ factor }) => 1 / (255 * factor));
  return {
    ...(fit === "cover"
      ? { do_resize: true, size: { shortest_edge: height }, do_center_crop: true, crop_size: { height, width } }
      : { do_resize: true, size: { height, width }, do_center_crop: false }),
    ...{ do_rescale: true, rescale_factor: 1 / 255, do_normalize: true },
    image_mean: scales.map(({ offset }, c) => 0 - offset * (std[c] as number)),
    image_std: std,
    ...(order === "bgr" ? { do_flip_channel_order: true } : {}),
  };
}

/** EfficientNet with `include_top` divides by the standard deviation once more. */
function stdOf(given: Readonly<Record<string, unknown>>, normalizes: boolean): Pick<PixelOptions, "std"> {
  const times = Number(normalizes) + Number(given.include_top === true);
  return times === 0 ? {} : { std: listOf(given, "image_std").map((std) => std ** times) };
}

function sizeOf(size: unknown): readonly number[] | undefined {
  const { height, width, shortest_edge: edge } = (isObject(size) ? size : {}) as Readonly<Record<string, unknown>>;
  const sides = typeof size === "number" ? [size, size] : [height ?? edge, width ?? edge];
  return sides.every((side) => Number.isInteger(side) && (side as number) > 0) ? (sides as number[]) : undefined;
}

function typeOf({
  image_processor_type: now,
  feature_extractor_type: before,
}: Readonly<Record<string, unknown>>): string {
  return String(now ?? before ?? "");
}

function numberOf(given: Readonly<Record<string, unknown>>, key: string, usual: number): number {
  const value = given[key] ?? usual;
  if (typeof value === "number" && Number.isFinite(value) && value !== 0) return value;
  throw wrong(key, "a number");
}

function listOf(given: Readonly<Record<string, unknown>>, key: string): readonly number[] {
  const value = given[key];
  if (Array.isArray(value) && value.every((item) => typeof item === "number" && Number.isFinite(item))) return value;
  throw wrong(key, "a list of numbers");
}

function wrong(key: string, wanted: string): DataFilesError {
  return new DataFilesError(`\`${key}\` of preprocessor_config.json is not ${wanted}.`, "Repair or remove the file.");
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

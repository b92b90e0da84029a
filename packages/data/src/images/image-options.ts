import { type OptionSchema, OptionsError, type OptionsSchema, optionsSchema } from "@graftjs/core";
import type { OptionProperties } from "../option-properties.ts";

/** How a picture becomes numbers. */
export interface PixelOptions {
  /**
   * How a picture of another shape fills the input: `cover` fills it and cuts off the rest, `contain` shows the whole picture with black
   * borders, `stretch` distorts. @default "cover"
   */
  readonly fit?: "cover" | "contain" | "stretch";
  /** Values of black and white before `mean` and `std`. @default [0, 1] */
  readonly range?: readonly number[];
  /** Subtracted from each channel, in the order of the model's channels. @default zeros */
  readonly mean?: readonly number[];
  /** Each channel is divided by it after `mean` is subtracted. @default ones */
  readonly std?: readonly number[];
  /** Order of the colours. @default "rgb" */
  readonly order?: "rgb" | "bgr";
}

/** Options of the input reader `image`. */
export interface ImageOptions extends PixelOptions {
  /** Height and width in pixels. */
  readonly size: readonly number[];
  /** 3 for colours, 1 for grey. @default 3 */
  readonly channels?: 1 | 3;
}

type Defaults = "fit" | "range" | "order";

const numbers: OptionSchema = { type: "array", items: { type: "number" } };

export const pixelProperties: OptionProperties<PixelOptions, Defaults> = {
  fit: {
    enum: ["cover", "contain", "stretch"],
    default: "cover",
    description: "How a picture of another shape fills the input: cut off, with black borders, or distorted",
  },
  range: { ...numbers, default: [0, 1], description: "Values of black and white before `mean` and `std`" },
  mean: {
    ...numbers,
    description: "Subtracted from each channel, in the order of the model's channels. Default: zeros",
  },
  std: { ...numbers, description: "Divides each channel after `mean` is subtracted. Default: ones" },
  order: { enum: ["rgb", "bgr"], default: "rgb", description: "Order of the colours" },
};

export const imageOptions: OptionsSchema<ImageOptions, Defaults | "channels"> = optionsSchema<
  ImageOptions,
  Defaults | "channels"
>(
  {
    size: { type: "array", items: { type: "integer", minimum: 1 }, description: "Height and width in pixels" },
    channels: { enum: [1, 3], default: 3, description: "3 for colours, 1 for grey" },
    ...pixelProperties,
  },
  ["size"],
);

/** A line from a pixel to the value of one channel: value = factor · pixel + offset, for pixels from 0 to 255. */
export interface ChannelScale {
  readonly factor: number;
  readonly offset: number;
}

/**
 * Computes the scale of each channel, in the order of the model's channels.
 *
 * @throws OptionsError with every list of the wrong length, and every std of 0
 */
export function channelScales({ range = [0, 1], mean, std }: PixelOptions, channels: number): readonly ChannelScale[] {
  const problems: string[] = [];
  const check = (name: string, list: readonly number[] | undefined, length: number): void => {
    if (list && list.length !== length) problems.push(`\`${name}\` has ${list.length} numbers, but needs ${length}.`);
  };
  check("range", range, 2);
  check("mean", mean, channels);
  check("std", std, channels);
  if (std?.includes(0)) problems.push("`std` has a 0, which nothing can be divided by.");
  if (range[0] === range[1]) problems.push("`range` has the same value for black and white.");
  if (problems.length > 0) throw new OptionsError("The options of the pictures do not fit.", problems.join("\n"));
  const [black, white] = range as readonly [number, number];
  return Array.from({ length: channels }, (_, c) => {
    const divisor = std?.[c] ?? 1;
    return { factor: (white - black) / 255 / divisor, offset: (black - (mean?.[c] ?? 0)) / divisor };
  });
}

import { OptionsError } from "@graftjs/core";
import type { InputReader } from "@graftjs/tuner";
import { decodeImage, type Sharp } from "./decode-image.ts";
import { type ChannelScale, channelScales, type ImageOptions, imageOptions } from "./image-options.ts";

/** Endings of the files that a folder is searched for. */
export const EXTENSIONS: readonly string[] = [".png", ".jpg", ".jpeg", ".webp"];

/** Shares of red, green and blue in grey, as in PIL and in TensorFlow (ITU-R BT.601). */
const GREY = [0.299, 0.587, 0.114] as const;

/**
 * Makes a reader that turns a picture into the input of a model.
 *
 * @throws OptionsError if an option is out of range
 */
export function imageReader(options: ImageOptions): InputReader {
  const parsed = imageOptions.parse("imageReader", options);
  const { size, channels, fit, order } = parsed;
  const [height, width] = size;
  if (height === undefined || width === undefined || size.length > 2)
    throw new OptionsError(`\`size\` has ${size.length} numbers.`, "Give height and width: [224, 224].");
  const scales = channelScales(parsed, channels);
  return {
    shape: [height, width, channels],
    extensions: EXTENSIONS,
    async read(path, importPackage) {
      const { default: sharp } = await importPackage<{ default: Sharp }>("sharp");
      const bytes = await decodeImage(sharp, path, { height, width, fit });
      return channels === 1
        ? greyValues(bytes, scales[0] as ChannelScale)
        : colourValues(bytes, scales, order === "bgr");
    },
  };
}

function greyValues(bytes: Uint8Array, { factor, offset }: ChannelScale): Float32Array {
  return Float32Array.from({ length: bytes.length / 3 }, (_, i) => {
    const [r, g, b] = [bytes[3 * i] as number, bytes[3 * i + 1] as number, bytes[3 * i + 2] as number];
    return factor * (GREY[0] * r + GREY[1] * g + GREY[2] * b) + offset;
  });
}

function colourValues(bytes: Uint8Array, scales: readonly ChannelScale[], reversed: boolean): Float32Array {
  const values = new Float32Array(bytes.length);
  for (let i = 0; i < bytes.length; i += 3) {
    for (let c = 0; c < 3; c++) {
      const { factor, offset } = scales[c] as ChannelScale;
      values[i + c] = factor * (bytes[i + (reversed ? 2 - c : c)] as number) + offset;
    }
  }
  return values;
}

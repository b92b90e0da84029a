import { channelScales, type ImageOptions } from "./image-options.ts";

/** Turns an input of a model back into the bytes of a picture, row by row, in the order red, green, blue. */
export function pictureBytes(values: ArrayLike<number>, options: ImageOptions): Uint8Array {
  const { channels = 3, order } = options;
  const scales = channelScales(options, channels);
  const bytes = new Uint8ClampedArray(values.length);
  for (let i = 0; i < values.length; i++) {
    const channel = i % channels;
    const { factor, offset } = scales[channel] as { factor: number; offset: number };
    const to = order === "bgr" && channels === 3 ? i - channel + (2 - channel) : i;
    bytes[to] = ((values[i] as number) - offset) / factor;
  }
  return new Uint8Array(bytes.buffer);
}

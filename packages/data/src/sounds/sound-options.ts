import { OptionsError, type OptionsSchema, optionsSchema } from "@graftjs/core";
import type { OptionProperties } from "../option-properties.ts";
import { hasFastTransform } from "./fourier-transform.ts";
import { frameCount } from "./log-mel.ts";

/** How a sound becomes numbers, without its length. */
export interface FeatureOptions {
  /** Samples per second that every file is converted to. @default 16000 */
  readonly sampleRate?: number;
  /** `log-mel`: logarithms of the power in bands of the mel scale. `wave`: the samples. @default "log-mel" */
  readonly features?: "log-mel" | "wave";
  /** Bands of a log-mel spectrogram. @default 64 */
  readonly mels?: number;
  /** Samples of each frame of a log-mel spectrogram, a product of 2, 3 and 5. @default 1024 */
  readonly fftSize?: number;
  /** Samples between the starts of two frames. @default 256 */
  readonly hop?: number;
}

/** Options of the input reader `sound`. */
export interface SoundOptions extends FeatureOptions {
  /** Length that every sound is cut or padded to with silence, at its end. */
  readonly seconds: number;
  /** Whether the shape of an input ends with an axis of size 1, as a picture in grey. @default true */
  readonly channelAxis?: boolean;
}

type FeatureDefaults = "sampleRate" | "features" | "mels" | "fftSize" | "hop";

/** Most samples of one sound, and most values of one input: 400 MB. */
const MOST_VALUES = 1e8;

export const featureProperties: OptionProperties<FeatureOptions, FeatureDefaults> = {
  sampleRate: {
    type: "integer",
    minimum: 1000,
    maximum: 384_000,
    default: 16_000,
    description: "Samples per second that every file is converted to",
  },
  features: {
    enum: ["log-mel", "wave"],
    default: "log-mel",
    description: "Logarithms of the power in bands of the mel scale, or the samples",
  },
  mels: { type: "integer", minimum: 1, maximum: 1024, default: 64, description: "Bands of a log-mel spectrogram" },
  fftSize: {
    type: "integer",
    minimum: 16,
    maximum: 16_384,
    default: 1024,
    description: "Samples of each frame of a log-mel spectrogram, a product of 2, 3 and 5",
  },
  hop: { type: "integer", minimum: 1, default: 256, description: "Samples between the starts of two frames" },
};

const schema: OptionsSchema<SoundOptions, FeatureDefaults | "channelAxis"> = optionsSchema<
  SoundOptions,
  FeatureDefaults | "channelAxis"
>(
  {
    seconds: {
      type: "number",
      exclusiveMinimum: 0,
      description: "Length that every sound is cut to, or padded to with silence, at its end",
    },
    ...featureProperties,
    channelAxis: {
      type: "boolean",
      default: true,
      description: "Whether the shape of an input ends with an axis of size 1, as a picture in grey",
    },
  },
  ["seconds"],
);

export const soundOptions: typeof schema = schema;

/** Options with all defaults filled in. */
export type ParsedSoundOptions = ReturnType<typeof schema.parse>;

/** Returns the number of samples of each sound. */
export function sampleCount({ seconds, sampleRate }: ParsedSoundOptions): number {
  return Math.round(seconds * sampleRate);
}

/**
 * Computes the shape of an input: [frames, mels] or [samples], with another axis of size 1 if `channelAxis` is true.
 *
 * @throws OptionsError if the options do not fit together
 */
export function soundShape(options: ParsedSoundOptions): readonly number[] {
  const { features, mels, fftSize, channelAxis } = options;
  const samples = sampleCount(options);
  const sides = features === "wave" ? [samples] : [frameCount(samples, options), mels];
  const values = sides.reduce((product, side) => product * side, 1);
  if (samples < 1 || Math.max(samples, values) > MOST_VALUES)
    throw new OptionsError(
      `${options.seconds} seconds are ${samples} samples and ${values} values.`,
      `Choose \`seconds\` for 1 to ${MOST_VALUES} samples and values.`,
    );
  if (features === "log-mel" && !hasFastTransform(fftSize))
    throw new OptionsError(
      `\`fftSize\` is ${fftSize}, which has other prime factors than 2, 3 and 5.`,
      `The nearest power of two is ${2 ** Math.round(Math.log2(fftSize))}.`,
    );
  if (features === "log-mel" && samples <= fftSize / 2)
    throw new OptionsError(
      `A sound has ${samples} samples, but \`fftSize\` ${fftSize} needs more than ${fftSize / 2}.`,
      "Choose more `seconds` or a smaller `fftSize`.",
    );
  return channelAxis ? [...sides, 1] : sides;
}

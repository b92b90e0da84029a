import { OptionsError } from "@graftjs/core";
import type { DataContext } from "@graftjs/tuner";
import { onlyInput } from "../folders/class-source.ts";
import { SOUNDS } from "./read-sounds.ts";
import { featureProperties, type SoundOptions, soundOptions, soundShape } from "./sound-options.ts";

/** Options of a sound as a person gives them. The model and the options that are stored with it say the others. */
type GivenOptions = Partial<Omit<SoundOptions, "channelAxis">>;

/**
 * Completes the options of the sounds by the model's input. Options that are given come first, then the shape of the input, then the
 * options that are stored with the base model.
 *
 * @throws OptionsError if the input cannot be a sound, or if the options contradict its shape
 */
export function soundInput(context: DataContext, options: GivenOptions): SoundOptions {
  const given = soundsOnly(options);
  const { input, takes } = onlyInput(context, SOUNDS);
  const { reader } = context;
  const [, ...sides] = input.shape;
  const stored = reader?.use === "sound" ? soundsOnly(reader.with ?? {}) : {};
  const wave = sides.length === 1 || (sides.length === 2 && sides[1] === 1);
  const features = given.features ?? stored.features ?? (wave ? "wave" : "log-mel");
  const own = features === "wave" ? 1 : 2;
  const channelAxis = sides.length === own + 1;
  if ((sides.length !== own && !channelAxis) || (channelAxis && sides[own] !== 1))
    throw new OptionsError(
      `${takes}, which does not take sounds with \`features\` "${features}".`,
      'With "log-mel" it needs [batch, frames, mels] or [batch, frames, mels, 1], with "wave" [batch, samples] or [batch, samples, 1].',
    );
  const [length, mels] = sides;
  const merged = { ...stored, ...given, ...{ features, channelAxis } };
  if (features === "log-mel" && typeof mels === "number") {
    if (given.mels !== undefined && given.mels !== mels)
      throw new OptionsError(`${takes}, but \`mels\` is ${given.mels}.`, "Leave `mels` out: the model's own is used.");
    Object.assign(merged, { mels });
  }
  if (typeof length !== "number") {
    if (merged.seconds !== undefined) return { ...merged, seconds: merged.seconds };
    throw new OptionsError(`${takes}: the model accepts any length.`, 'Choose the length: "seconds": 1.');
  }
  const fits = (seconds: number): boolean =>
    soundShape(soundOptions.parse("sounds", { ...merged, seconds }))[0] === length;
  const needed = secondsFor(length, merged);
  if (given.seconds !== undefined && !fits(given.seconds))
    throw new OptionsError(
      `${takes}, but \`seconds\` ${given.seconds} makes another length.`,
      `Leave \`seconds\` out, or choose ${needed}.`,
    );
  // Several lengths can have the same number of frames. The length of the first training is kept.
  const seconds = given.seconds ?? (stored.seconds !== undefined && fits(stored.seconds) ? stored.seconds : needed);
  return { ...merged, seconds };
}

/** Returns the fewest seconds that make an input of the length. */
function secondsFor(length: number, options: GivenOptions): number {
  const { sampleRate, fftSize, hop } = soundOptions.parse("sounds", { seconds: 1, ...options });
  return (options.features === "wave" ? length : (length - 1) * hop + (fftSize % 2)) / sampleRate;
}

/** Leaves out the options that do not say how a sound becomes numbers. */
function soundsOnly(options: object): GivenOptions {
  const known = ["seconds", ...Object.keys(featureProperties)];
  return Object.fromEntries(Object.entries(options).filter(([name]) => known.includes(name)));
}

import type { InputReader } from "@graftjs/tuner";
import { logMel } from "./log-mel.ts";
import { resample } from "./resample.ts";
import { type SoundOptions, sampleCount, soundOptions, soundShape } from "./sound-options.ts";
import { readWavFile } from "./wav-file.ts";

/** Endings of the files that a folder is searched for. */
export const SOUND_EXTENSIONS: readonly string[] = [".wav", ".wave"];

/**
 * Makes a reader that turns a WAV file into the input of a model.
 *
 * @throws OptionsError if an option is out of range, or if the options do not fit together
 */
export function soundReader(options: SoundOptions): InputReader {
  const parsed = soundOptions.parse("soundReader", options);
  const shape = soundShape(parsed);
  const features = parsed.features === "wave" ? (wave: Float32Array) => wave : logMel(parsed);
  const length = sampleCount(parsed);
  return {
    shape,
    extensions: SOUND_EXTENSIONS,
    async read(path) {
      const { samples, sampleRate } = await readWavFile(path);
      const wave = new Float32Array(length);
      wave.set(resample(samples, sampleRate, parsed.sampleRate, length));
      return features(wave);
    },
  };
}

import { powerSpectrum } from "./fourier-transform.ts";

/** Options of a log-mel spectrogram. */
export interface LogMelOptions {
  readonly sampleRate: number;
  readonly mels: number;
  readonly fftSize: number;
  readonly hop: number;
}

/** Added to the power before the logarithm, so that silence has one. */
const FLOOR = 1e-6;

/** One triangle of the filter bank: its weights from the frequency `first` on. */
interface MelFilter {
  readonly first: number;
  readonly weights: readonly number[];
}

/** Returns the number of frames: one at every `hop` samples, also at the very start. Odd sizes lose one sample, as in torch. */
export function frameCount(samples: number, { fftSize, hop }: Pick<LogMelOptions, "fftSize" | "hop">): number {
  return 1 + Math.floor((samples - (fftSize % 2)) / hop);
}

/**
 * Makes a function that turns samples into frames × mels values. They equal log(x + 1e-6) of torchaudio's `MelSpectrogram` with `power=2`,
 * `mel_scale="htk"`, `norm=None`, `center=True` and `pad_mode="reflect"`.
 */
export function logMel(options: LogMelOptions): (samples: Float32Array) => Float32Array {
  const { mels, fftSize, hop } = options;
  const filters = melFilters(options);
  const power = powerSpectrum(fftSize);
  const hann = Float64Array.from({ length: fftSize }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / fftSize));
  const half = Math.floor(fftSize / 2);
  return (samples) => {
    const frames = frameCount(samples.length, options);
    const values = new Float32Array(frames * mels);
    const frame = new Float64Array(fftSize);
    for (let f = 0; f < frames; f++) {
      for (let i = 0; i < fftSize; i++)
        frame[i] = (hann[i] as number) * (samples[reflected(f * hop + i - half, samples.length)] as number);
      const spectrum = power(frame);
      filters.forEach(({ first, weights }, mel) => {
        let sum = 0;
        for (let k = 0; k < weights.length; k++) sum += (weights[k] as number) * (spectrum[first + k] as number);
        values[f * mels + mel] = Math.log(sum + FLOOR);
      });
    }
    return values;
  };
}

/** Mirrors positions before the start and after the end. The first and the last sample are not repeated. */
function reflected(position: number, length: number): number {
  const forward = Math.abs(position);
  return forward < length ? forward : 2 * (length - 1) - forward;
}

/** Makes triangles whose corners are equally far apart in mel (HTK's formula), from 0 to half of the sample rate. */
function melFilters({ sampleRate, mels, fftSize }: LogMelOptions): readonly MelFilter[] {
  const bins = Math.floor(fftSize / 2) + 1;
  const highest = Math.floor(sampleRate / 2);
  const top = 2595 * Math.log10(1 + highest / 700);
  const corner = (i: number): number => 700 * (10 ** ((top * i) / (mels + 1) / 2595) - 1);
  return Array.from({ length: mels }, (_, mel) => {
    const [low, middle, high] = [corner(mel), corner(mel + 1), corner(mel + 2)];
    const weights = Array.from({ length: bins }, (_, bin) => {
      const frequency = (highest * bin) / (bins - 1);
      return Math.max(0, Math.min((frequency - low) / (middle - low), (high - frequency) / (high - middle)));
    });
    const first = Math.max(
      0,
      weights.findIndex((weight) => weight > 0),
    );
    return { first, weights: weights.slice(first, weights.findLastIndex((weight) => weight > 0) + 1) };
  });
}

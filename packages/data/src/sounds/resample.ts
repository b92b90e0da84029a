/** Zero crossings of the sinc on each side, and the share of the lower rate that passes: the defaults of torchaudio. */
const [CROSSINGS, ROLLOFF] = [6, 0.99];

/** The weights of the input samples for one position between them. */
interface Taps {
  /** First input sample, relative to the start of the period. */
  readonly first: number;
  readonly weights: readonly number[];
}

/**
 * Converts samples to another rate with a sinc that a Hann window cuts off, as `torchaudio.functional.resample` does by default.
 *
 * @param most number of samples to return. The rest is not computed.
 */
export function resample(samples: Float32Array, from: number, to: number, most: number): Float32Array {
  if (from === to) return samples.slice(0, most);
  const divisor = gcd(from, to);
  // A period has `inputs` samples at the old rate and `outputs` samples at the new one.
  const [inputs, outputs] = [from / divisor, to / divisor];
  const taps: Taps[] = [];
  const result = new Float32Array(Math.min(most, Math.ceil((outputs * samples.length) / inputs)));
  for (let i = 0; i < result.length; i++) {
    const phase = i % outputs;
    taps[phase] ??= tapsOf(phase, inputs, outputs);
    const { first, weights } = taps[phase];
    const start = Math.floor(i / outputs) * inputs + first;
    let sum = 0;
    for (let k = 0; k < weights.length; k++) sum += (weights[k] as number) * (samples[start + k] ?? 0);
    result[i] = sum;
  }
  return result;
}

function tapsOf(phase: number, inputs: number, outputs: number): Taps {
  const cutoff = Math.min(inputs, outputs) * ROLLOFF;
  // The weights are zero farther than `CROSSINGS` periods of the cutoff away.
  const [middle, reach] = [(phase / outputs) * inputs, (CROSSINGS * inputs) / cutoff];
  const first = Math.ceil(middle - reach);
  const count = Math.floor(middle + reach) - first + 1;
  const weights = Array.from({ length: count }, (_, k) => {
    const time = ((first + k - middle) / inputs) * cutoff;
    const window = Math.cos((time * Math.PI) / CROSSINGS / 2) ** 2;
    return (sinc(time * Math.PI) * window * cutoff) / inputs;
  });
  return { first, weights };
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(x) / x;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

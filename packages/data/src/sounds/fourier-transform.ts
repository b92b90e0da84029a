/** The prime factors of a length that a Fourier transform accepts. */
const RADICES = [2, 3, 5] as const;

/** Tells whether a length is a product of 2, 3 and 5. */
export function hasFastTransform(length: number): boolean {
  let rest = length;
  for (const radix of RADICES) while (rest % radix === 0 && rest > 1) rest /= radix;
  return rest === 1;
}

/**
 * Makes a function that computes the power |X|² of the frequencies 0 to length / 2 of real values (Cooley and Tukey, in float64). tfjs
 * has an FFT too, but not on every backend: its wasm backend lacks it. Inputs must also be equal on every backend.
 *
 * @param length a product of 2, 3 and 5.
 */
export function powerSpectrum(length: number): (values: Float64Array) => Float64Array {
  const angle = (-2 * Math.PI) / length;
  const cosines = Float64Array.from({ length }, (_, i) => Math.cos(angle * i));
  const sines = Float64Array.from({ length }, (_, i) => Math.sin(angle * i));
  const [real, imaginary] = [new Float64Array(length), new Float64Array(length)];
  const [partReal, partImaginary] = [new Float64Array(5), new Float64Array(5)];

  /** Transforms every `stride`-th value from `from` on into `size` places of the result from `to` on. */
  const transform = (values: Float64Array, from: number, stride: number, to: number, size: number): void => {
    if (size === 1) {
      real[to] = values[from] as number;
      imaginary[to] = 0;
      return;
    }
    const radix = RADICES.find((factor) => size % factor === 0) as number;
    const part = size / radix;
    for (let q = 0; q < radix; q++) transform(values, from + q * stride, stride * radix, to + q * part, part);
    for (let k = 0; k < part; k++) {
      for (let q = 0; q < radix; q++) {
        const turn = q * k * stride;
        const [cos, sin] = [cosines[turn] as number, sines[turn] as number];
        const [re, im] = [real[to + q * part + k] as number, imaginary[to + q * part + k] as number];
        partReal[q] = re * cos - im * sin;
        partImaginary[q] = re * sin + im * cos;
      }
      for (let r = 0; r < radix; r++) {
        let [re, im] = [0, 0];
        for (let q = 0; q < radix; q++) {
          const turn = ((q * r) % radix) * (length / radix);
          const [cos, sin] = [cosines[turn] as number, sines[turn] as number];
          re += (partReal[q] as number) * cos - (partImaginary[q] as number) * sin;
          im += (partReal[q] as number) * sin + (partImaginary[q] as number) * cos;
        }
        real[to + r * part + k] = re;
        imaginary[to + r * part + k] = im;
      }
    }
  };

  return (values) => {
    transform(values, 0, 1, 0, length);
    return Float64Array.from(
      { length: Math.floor(length / 2) + 1 },
      (_, i) => (real[i] as number) ** 2 + (imaginary[i] as number) ** 2,
    );
  };
}

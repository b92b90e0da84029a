const CLASSES = 5;
const RATE = 0.01;
const [BETA1, BETA2, EPSILON] = [0.9, 0.999, 1e-8];
/** Smallest probability after the clipping of categoricalCrossentropy. */
const CLIP = 1e-7;

/**
 * Computes the example's steps in float64: a softmax regression on cached features by Adam (Kingma & Ba 2015, algorithm 1).
 *
 * @param weights kernel [features, 5], then bias [5].
 * @returns the weights at the start and after every step.
 */
export function trainExactly(
  features: ArrayLike<number>,
  labels: ArrayLike<number>,
  weights: readonly number[],
  steps: number = 20,
): number[][] {
  const images = labels.length / CLASSES;
  const width = features.length / images;
  const all = [[...weights]];
  const w = Float64Array.from(weights);
  const [m, v] = [new Float64Array(w.length), new Float64Array(w.length)];
  for (let step = 1; step <= steps; step++) {
    const gradient = new Float64Array(w.length);
    for (let image = 0; image < images; image++) {
      const x = (j: number): number => (j < width ? (features[image * width + j] as number) : 1);
      const logits = Array.from({ length: CLASSES }, (_, c) => {
        let sum = 0;
        for (let j = 0; j <= width; j++) sum += x(j) * (w[j * CLASSES + c] as number);
        return sum;
      });
      const top = Math.max(...logits);
      const powers = logits.map((z) => Math.exp(z - top));
      const total = powers.reduce((a, b) => a + b);
      const p = powers.map((e) => e / total);
      const label = p.findIndex((_, c) => labels[image * CLASSES + c] === 1);
      const own = p[label] as number;
      if (own < CLIP || own > 1 - CLIP) continue;
      for (let c = 0; c < CLASSES; c++) {
        const slope = ((p[c] as number) - (c === label ? 1 : 0)) / images;
        for (let j = 0; j <= width; j++)
          gradient[j * CLASSES + c] = (gradient[j * CLASSES + c] as number) + slope * x(j);
      }
    }
    for (let i = 0; i < w.length; i++) {
      const g = gradient[i] as number;
      m[i] = BETA1 * (m[i] as number) + (1 - BETA1) * g;
      v[i] = BETA2 * (v[i] as number) + (1 - BETA2) * g * g;
      const mean = (m[i] as number) / (1 - BETA1 ** step);
      const root = Math.sqrt((v[i] as number) / (1 - BETA2 ** step));
      w[i] = (w[i] as number) - (RATE * mean) / (root + EPSILON);
    }
    all.push([...w]);
  }
  return all;
}

import { input, type SimdKernel, sizeOf } from "../../heap/simd-kernel.ts";
import { eachChannel } from "../../threads/work-sharing.ts";
import { activationOf } from "../elementwise/activation.ts";
import { channelFactors, normalise } from "./given-statistics.ts";

/** Computes batch norm with the statistics of the batch. Outputs y, mean and biased variance. */
export const batchNormTraining: SimdKernel = (call) => {
  const { heap, inputs, attrs } = call;
  const x = input(call, "x");
  const channels = x.shape.at(-1) as number;
  const rows = sizeOf(x.shape) / channels;
  const [mean, variance] = [heap.output([channels]), heap.output([channels])];
  const [px, pm, pv] = [heap.address(x), heap.address(mean), heap.address(variance)];
  heap.share("channelMoments", channels, eachChannel(4 * rows), (from, to) => [px, pm, pv, rows, channels, from, to]);
  const factors = channelFactors(
    heap,
    variance,
    inputs.scale ?? undefined,
    inputs.offset ?? undefined,
    attrs.varianceEpsilon as number,
  );
  const { low, high } = activationOf(attrs);
  const y = normalise(heap, x, mean, factors, low, high);
  factors.free();
  return [y, mean, variance];
};

/**
 * Computes the gradients of {@link batchNormTraining}, through the statistics. Outputs dx, dscale, doffset.
 *
 * With x̂ = (x − μ)·r, r = 1/√(σ² + ε), n rows, s₁ = Σdy, s₂ = Σ dy·(x − μ): dx = dy·a + (x − μ)·b + d with a = γr,
 * b = −γ r³ s₂/n, d = −a s₁/n (Ioffe & Szegedy 2015, section 3); dscale = s₂ r, doffset = s₁.
 */
export const batchNormTrainingGradient: SimdKernel = (call) => {
  const { heap, inputs, attrs } = call;
  const [x, dy, mean, variance] = [input(call, "x"), input(call, "dy"), input(call, "mean"), input(call, "variance")];
  const scale = inputs.scale ?? undefined;
  const channels = x.shape.at(-1) as number;
  const rows = sizeOf(x.shape) / channels;
  const [dscale, doffset, dx] = [heap.output([channels]), heap.output([channels]), heap.output(x.shape)];
  const [a, b, d] = [heap.output([channels]), heap.output([channels]), heap.output([channels])];
  const [px, pdy, pm] = [heap.address(x), heap.address(dy), heap.address(mean)];
  const [ps1, ps2] = [heap.address(doffset), heap.address(dscale)];
  heap.share("channelGradientSums", channels, eachChannel(4 * rows), (from, to) => [
    px,
    pdy,
    pm,
    ps1,
    ps2,
    rows,
    channels,
    from,
    to,
  ]);
  const [av, bv, dv, s1, s2] = [a, b, d, doffset, dscale].map((t) => heap.floats(t, channels)) as Fives;
  const [variances, gammas] = [heap.floats(variance, channels), scale && heap.floats(scale, channels)];
  for (let c = 0; c < channels; c++) {
    const r = 1 / Math.sqrt((variances[c] as number) + (attrs.varianceEpsilon as number));
    const factor = (gammas ? (gammas[c] as number) : 1) * r;
    av[c] = factor;
    bv[c] = (-factor * r * r * (s2[c] as number)) / rows;
    dv[c] = (-factor * (s1[c] as number)) / rows;
    s2[c] = (s2[c] as number) * r;
  }
  const addresses = [x, dy, mean, a, b, d, dx].map((tensor) => heap.address(tensor));
  heap.share("batchNormInputGradient", rows, { cost: 4 * channels }, (from, to) => [...addresses, channels, from, to]);
  for (const tensor of [a, b, d]) heap.free(tensor);
  return [dx, dscale, doffset];
};

type Fives = [Float32Array, Float32Array, Float32Array, Float32Array, Float32Array];

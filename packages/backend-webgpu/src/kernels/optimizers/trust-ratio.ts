import type { FusedKernels, TrustAttributes } from "@graftjs/core";
import type { StockInternals } from "../../device/internals.ts";
import { writableBuffer } from "../dispatch/buffers.ts";
import { dispatchOnce } from "../dispatch/dispatch.ts";
import { scratch, scratchOf } from "../dispatch/scratch.ts";
import { BLUE } from "./safe-norms.ts";

/** Attributes of the ratio that `GraftLamb` lacks. */
export type RatioFormula = Pick<
  FusedKernels["GraftLars"],
  "trustCoefficient" | "epsilon" | "denominator" | "clipToRate"
>;

const ZERO_NORMS = ["one", "eta", "rms-floor", "exclude"];
/** Numbers per tensor in `info`. */
const WORDS = 5;

/**
 * Shader that computes all ratios from the partial sums, in one workgroup: points 2 to 5 of docs/fused-kernels.md.
 *
 * `lambdas[2i]` gets λᵢ. `lambdas[2i + 1]` gets 1, or 0 if the decay is left out.
 */
const RATIO = `
struct Uniforms {
  tensors: u32, partialGroups: u32, slots: u32, zeroNorm: u32,
  eta: f32, epsilon: f32, minRatio: f32, maxRatio: f32,
  rmsFloor: f32, addDecay: f32, clipToRate: f32, pad: f32,
};
// Per tensor: group, slot, size, rate, decay.
@group(0) @binding(0) var<storage, read> info: array<f32>;
@group(0) @binding(1) var<storage, read> partials: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> norms: array<f32>;
@group(0) @binding(3) var<storage, read_write> lambdas: array<f32>;
@group(0) @binding(4) var<storage, read_write> ratios: array<f32>;
@group(0) @binding(5) var<storage, read_write> weightNorms: array<f32>;
@group(0) @binding(6) var<storage, read_write> gradNorms: array<f32>;
@group(0) @binding(7) var<uniform> u: Uniforms;
${BLUE}
fn total(tensor: u32, which: u32) -> f32 {
  var sums = vec4<f32>(0.0);
  if (info[tensor * ${WORDS}u + 2u] > 0.0) {
    for (var g = 0u; g < u.partialGroups; g++) {
      sums += partials[2u * (tensor * u.partialGroups + g) + which];
    }
  }
  return blueNorm(sums);
}
@compute @workgroup_size(256)
fn main(@builtin(local_invocation_id) local: vec3<u32>) {
  for (var i = local.x; i < u.slots; i += 256u) {
    ratios[i] = 0.0;
    weightNorms[i] = 0.0;
    gradNorms[i] = 0.0;
  }
  for (var i = local.x; i < u.tensors; i += 256u) {
    norms[2u * i] = total(i, 0u);
    norms[2u * i + 1u] = total(i, 1u);
  }
  storageBarrier();
  for (var i = local.x; i < u.tensors; i += 256u) {
    let own = i * ${WORDS}u;
    let group = info[own];
    let slot = u32(info[own + 1u]);
    let rate = info[own + 3u];
    if (group < 0.0) {
      lambdas[2u * i] = 1.0;
      lambdas[2u * i + 1u] = 1.0;
      ratios[slot] = 1.0;
      continue;
    }
    // Divide by the largest norm first, because the squares of a group's norms may overflow.
    var most = vec3<f32>(1e-37);
    for (var j = 0u; j < u.tensors; j++) {
      if (info[j * ${WORDS}u] != group) { continue; }
      let w = norms[2u * j];
      most = max(most, vec3<f32>(w, norms[2u * j + 1u], w * info[j * ${WORDS}u + 4u] * u.addDecay));
    }
    // Keep an infinite norm from becoming NaN by ∞/∞.
    most = min(most, vec3<f32>(3e38));
    var sums = vec3<f32>(0.0);
    var size = 0.0;
    for (var j = 0u; j < u.tensors; j++) {
      if (info[j * ${WORDS}u] != group) { continue; }
      let w = norms[2u * j];
      let part = vec3<f32>(w, norms[2u * j + 1u], w * info[j * ${WORDS}u + 4u] * u.addDecay) / most;
      sums += part * part;
      size += info[j * ${WORDS}u + 2u];
    }
    let found = most * sqrt(sums);
    let d = found.y;
    var w = found.x;
    // Test for NaN, because max, min and clamp may return the other operand.
    if (u.zeroNorm == 2u && !isNan(w)) { w = max(w, u.rmsFloor * sqrt(size)); }
    let zero = w == 0.0 || d == 0.0;
    var lambda = 1.0;
    if (!zero) { lambda = u.eta * w / (d + found.z + u.epsilon); }
    else if (u.zeroNorm == 1u || u.zeroNorm == 2u) { lambda = u.eta; }
    let bounded = !isNan(lambda);
    if (bounded && (!zero || u.zeroNorm != 3u)) { lambda = clamp(lambda, u.minRatio, u.maxRatio); }
    if (u.clipToRate != 0.0) {
      if (rate == 0.0) { lambda = 1.0; } else if (bounded) { lambda = min(lambda / rate, 1.0); }
    }
    lambdas[2u * i] = lambda;
    lambdas[2u * i + 1u] = select(1.0, 0.0, u.zeroNorm == 3u && d == 0.0 && u.addDecay != 0.0);
    ratios[slot] = lambda;
    weightNorms[slot] = found.x;
    gradNorms[slot] = d;
  }
}`;

/**
 * Records the dispatch that computes the ratios.
 *
 * @param partials sums of the squares of w and of the denominator, from `partialGroups` workgroups per tensor.
 * @returns a buffer with two numbers per tensor: λ, and 1 or 0 as the factor of the decay.
 */
export function dispatchRatios(
  backend: StockInternals,
  { decays, groups, slots, minRatio, maxRatio, zeroNorm, rmsFloor, ...out }: TrustAttributes,
  { trustCoefficient, epsilon, denominator, clipToRate }: RatioFormula,
  sizes: readonly number[],
  learningRates: readonly number[],
  partials: GPUBuffer,
  partialGroups: number,
): GPUBuffer {
  const count = sizes.length;
  const info = scratchOf(
    backend,
    Float32Array.from(sizes.flatMap((size, i) => [groups[i], slots[i], size, learningRates[i], decays[i]] as number[])),
  );
  const lambdas = scratch(backend, 8 * count);
  const written = [out.ratios, out.weightNorms, out.gradNorms].map((tensor) => writableBuffer(backend, tensor));
  dispatchOnce(
    backend,
    "GraftRatio",
    () => RATIO,
    [info, partials, scratch(backend, 8 * count), lambdas, ...written],
    (floats, words) => {
      words.set([count, partialGroups, out.ratios.size, ZERO_NORMS.indexOf(zeroNorm)]);
      floats.set([trustCoefficient, epsilon, minRatio, Math.min(maxRatio, 3.4e38)], 4);
      floats.set([rmsFloor, denominator === "gradient" ? 1 : 0, clipToRate ? 1 : 0], 8);
    },
    48,
    1,
  );
  return lambdas;
}

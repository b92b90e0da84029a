import type { FusedActivation } from "@graftjs/backend";
import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { StockInternals } from "../../device/internals.ts";
import { bufferOf } from "../dispatch/buffers.ts";
import type { Binding } from "./channels.ts";

/** Vectors of a batch norm that may be absent. */
interface Affine {
  readonly offset?: TensorInfo;
  readonly scale?: TensorInfo;
}

/** Binds those of the named inputs that are present, under their own names. */
export function inputBindings<Inputs extends object>(
  backend: StockInternals,
  inputs: Inputs,
  names: readonly (keyof Inputs & string)[],
): readonly Binding[] {
  return names.flatMap((name) => {
    const info = inputs[name] as TensorInfo | undefined;
    return info ? [{ name, buffer: bufferOf(backend, info) }] : [];
  });
}

/** Returns WGSL for the normalized value of element `i`. The terms are those of stock FusedBatchNorm, so that both round alike. */
export function normalizedValue(inputs: Affine): string {
  const offset = inputs.offset ? "offset[c]" : "0.0";
  return `dot(vec3<f32>(x[i], -mean[c], ${offset}), vec3<f32>(${channelFactor(inputs)}, ${channelFactor(inputs)}, 1.0))`;
}

/** Returns WGSL for scale/√(variance + ε) of channel `c`. */
export function channelFactor(inputs: Affine): string {
  return `(${inputs.scale ? "scale[c]" : "1.0"} * inverseSqrt(variance[c] + u.epsilon))`;
}

/** Returns WGSL for the activation of `z`. */
export function activated(activation: FusedActivation, z: string): string {
  if (activation === "relu") return `max(${z}, 0.0)`;
  return activation === "relu6" ? `clamp(${z}, 0.0, 6.0)` : z;
}

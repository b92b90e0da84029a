import type { NamedAttrMap, NamedTensorInfoMap } from "@tensorflow/tfjs-core";
import type { StockInternals } from "../../device/internals.ts";
import { bufferOf, optionalInput } from "../dispatch/buffers.ts";
import type { Binding } from "./channels.ts";

/** Activations of the batch norm kernels. See docs/fused-kernels.md. */
export type Activation = "linear" | "relu" | "relu6";

/** Returns a kernel's attributes with the types that the kernel expects. */
export function attributes<T>(attrs: NamedAttrMap | undefined): T {
  return attrs as unknown as T;
}

/** Binds those of the named inputs that are present, under their own names. */
export function inputBindings(
  backend: StockInternals,
  inputs: NamedTensorInfoMap,
  names: readonly string[],
): readonly Binding[] {
  return names.flatMap((name) => {
    const info = optionalInput(inputs, name);
    return info ? [{ name, buffer: bufferOf(backend, info) }] : [];
  });
}

/** Returns WGSL for the normalized value of element `i`. The terms are those of stock FusedBatchNorm, so that both round alike. */
export function normalizedValue(inputs: NamedTensorInfoMap): string {
  const offset = optionalInput(inputs, "offset") ? "offset[c]" : "0.0";
  return `dot(vec3<f32>(x[i], -mean[c], ${offset}), vec3<f32>(${channelFactor(inputs)}, ${channelFactor(inputs)}, 1.0))`;
}

/** Returns WGSL for scale/√(variance + ε) of channel `c`. */
export function channelFactor(inputs: NamedTensorInfoMap): string {
  return `(${optionalInput(inputs, "scale") ? "scale[c]" : "1.0"} * inverseSqrt(variance[c] + u.epsilon))`;
}

/** Returns WGSL for the activation of `z`. */
export function activated(activation: Activation, z: string): string {
  if (activation === "relu") return `max(${z}, 0.0)`;
  return activation === "relu6" ? `clamp(${z}, 0.0, 6.0)` : z;
}

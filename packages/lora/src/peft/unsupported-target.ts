import type { Initialization } from "../initial/low-rank-values.ts";
import type { Target } from "../targets/target.ts";

/** The fields of tfjs's convolutions that PyTorch's layers treat differently. */
interface ConvFields {
  readonly strides?: readonly number[];
  readonly padding?: string;
  readonly dilationRate?: number | readonly number[];
}

/** Tells why PEFT has no adapter of this kind for a layer. Undefined if it has one. */
export function unsupportedTarget(
  method: string,
  { kind, layer, name, weight }: Target,
  initialization?: Initialization,
): string | undefined {
  const className = layer.getClassName();
  const without = `PEFT has no ${method} for ${name}, which is in a layer of class ${className}`;
  if (kind === "inside" || kind === "transposed") return `${without}.`;
  if (initialization === "pissa" && kind !== "dense")
    return `PEFT has PiSSA for dense layers only, and ${name} is in a layer of class ${className}.`;
  if (method === "lokr" && (kind === "embedding" || weight.shape.length === 5)) return `${without}.`;
  if (method === "ia3" && (kind === "embedding" || (kind === "conv" && weight.shape.length === 3)))
    return `${without}.`;
  const { dilationRate = 1 } = layer as ConvFields;
  if (kind === "conv" && (method === "lora" || method === "dora") && [dilationRate].flat().some((rate) => rate !== 1))
    return `${name} is dilated: PEFT computes its adapter without the dilation, so the file would mean something else.`;
  return undefined;
}

/**
 * Tells whether PEFT computes a `lokr` adapter in another way than its formula. For a 1-D convolution with a full second factor, it
 * reshapes the Kronecker product of a matrix and a tensor with three axes, which mixes channels and positions (`make_kron`, 0.21).
 */
export function mixesAxes({ kind, name, weight }: Target, roles: readonly string[]): string | undefined {
  if (kind !== "conv" || weight.shape.length !== 3 || !roles.includes("lokr_w2")) return undefined;
  return `PEFT mixes the axes of a full second factor in 1-D convolutions, such as that of ${name}. A lower rank divides the factor.`;
}

/** Tells whether a convolution pads as PyTorch's does only if its model there pads by hand. */
export function padsUnevenly({ kind, layer }: Target): boolean {
  const { padding, strides = [] } = layer as ConvFields;
  return kind === "conv" && padding === "same" && strides.some((stride) => stride > 1);
}

import type { Param } from "@graftjs/core";
import type { Target } from "../targets/target.ts";

/** How PEFT stores one tensor. */
export interface Layout {
  /** The key after the module's name: `lora_A.weight`. */
  readonly suffix: string;
  /** The axes of tfjs's tensor in the order of the stored one. */
  readonly order: readonly number[];
  /** The stored shape. It may have extra axes of size 1. */
  readonly shape: readonly number[];
}

/**
 * Returns the layout of an added parameter. PyTorch has the outputs in the first axis, and the channels before the positions.
 *
 * @param shape shape of the parameter in tfjs
 * @param feedforward whether `ia3` scales the inputs
 */
export function addedLayout(
  { kind, weight }: Target,
  role: string,
  shape: readonly number[],
  feedforward: boolean,
): Layout {
  const ones = kind === "conv" ? weight.shape.slice(2).map(() => 1) : [];
  const layout = (suffix: string, order: readonly number[], extra: readonly number[] = []): Layout => ({
    suffix,
    order,
    shape: [...order.map((axis) => shape[axis] as number), ...extra],
  });
  if (role === "lora_a")
    return layout(kind === "embedding" ? "lora_embedding_A" : "lora_A.weight", reversedChannels(shape));
  if (role === "lora_b") return layout(kind === "embedding" ? "lora_embedding_B" : "lora_B.weight", [1, 0], ones);
  if (role === "lora_magnitude" || role === "ia3_l") {
    const suffix = role === "ia3_l" ? role : "lora_magnitude_vector";
    const stored = layout(suffix, [0], kind === "conv" ? ones : role === "ia3_l" && !feedforward ? [1] : []);
    const first = kind === "conv" || (role === "ia3_l" && feedforward);
    return first ? { ...stored, shape: [1, ...stored.shape] } : stored;
  }
  const whole = layout(role, reversedChannels(shape));
  // PEFT stores the second factor's inputs and positions as one axis if the factor is a product.
  return role === "lokr_w2_b"
    ? { ...whole, shape: [whole.shape[0] as number, whole.shape.slice(1).reduce(times, 1)] }
    : whole;
}

function times(a: number, b: number): number {
  return a * b;
}

const SUFFIXES: Readonly<Record<string, string>> = { kernel: "weight", embeddings: "weight", bias: "bias" };

/**
 * Returns the layout of a layer's own weight, for layers that are stored in full. Undefined if it is not a kernel, a bias or an
 * embedding.
 */
export function ownLayout({ role, shape }: Param): Layout | undefined {
  const suffix = SUFFIXES[role];
  const order = role === "kernel" ? reversedChannels(shape) : [...shape.keys()];
  return suffix ? { suffix, order, shape: order.map((axis) => shape[axis] as number) } : undefined;
}

/** Returns the order [outputs, inputs, ...positions] for a kernel [...positions, inputs, outputs]. */
function reversedChannels({ length }: readonly number[]): number[] {
  return [length - 1, length - 2, ...Array.from({ length: length - 2 }, (_, i) => i)];
}

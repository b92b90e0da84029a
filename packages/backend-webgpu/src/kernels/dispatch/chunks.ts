import { arraysOf, gatherable, type StepShader } from "./wgsl.ts";

/** One tensor's part in a step. */
export interface StepTensor {
  readonly size: number;
  /** One buffer for each of the shader's arrays, written ones first. */
  readonly buffers: readonly GPUBuffer[];
  /** The shader's numbers, in its order. */
  readonly numbers: readonly number[];
}

/** Below this many storage buffers a dispatch binds so few tensors that copying gradients together pays. */
const FEW_BUFFERS = 10;
/** Tensors of more numbers are not copied: one of them fills a dispatch. */
const GATHERED_SIZE = 2 ** 16;

/** Tensors that share a dispatch. */
export interface Chunk {
  readonly tensors: readonly (StepTensor & { readonly index: number; readonly start: number })[];
  readonly gathered: boolean;
}

/** Which tensors share a dispatch, given how many buffers it may bind; and how many numbers are gathered in all. */
export function chunked(
  shader: StepShader,
  tensors: readonly StepTensor[],
  bindings: number,
): { readonly chunks: readonly Chunk[]; readonly gathered: number } {
  const arrays = arraysOf(shader).length;
  const plain = Math.max(1, Math.floor(bindings / arrays));
  const close = Math.floor((bindings - 1) / (arrays - 1));
  const few = bindings + Object.keys(shader.common ?? {}).length < FEW_BUFFERS;
  const gathers = few && gatherable(shader) !== undefined && arrays > 1 && close > plain;
  let gathered = 0;
  // Tensors of like size share a dispatch, so that its threads have like work.
  const ordered = tensors
    .map((tensor, index) => ({ ...tensor, index }))
    .filter(({ size }) => size > 0)
    .sort((a, b) => b.size - a.size)
    .map((tensor) => {
      const start = gathered;
      if (gathers && tensor.size <= GATHERED_SIZE) gathered += tensor.size;
      return { ...tensor, start };
    });
  const large = gathers ? ordered.filter(({ size }) => size > GATHERED_SIZE) : ordered;
  const chunks = [
    ...split(large, plain).map((part) => ({ tensors: part, gathered: false })),
    ...split(ordered.slice(large.length), close).map((part) => ({ tensors: part, gathered: true })),
  ];
  return { chunks, gathered };
}

function split<T>(list: readonly T[], length: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(list.length / length) }, (_, i) => list.slice(i * length, (i + 1) * length));
}

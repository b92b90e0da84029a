import { arraysOf, gatherable, type StepShader } from "./wgsl.ts";

/** One tensor's part in a step. */
export interface StepTensor {
  readonly size: number;
  /** One buffer for each of the shader's arrays, written ones first. */
  readonly buffers: readonly GPUBuffer[];
  /** The tensor's numbers, in the order of the shader's `numbers`. */
  readonly numbers: readonly number[];
}

/** With fewer storage buffers than this, a dispatch binds so few tensors that copying gradients together is faster. */
const FEW_BUFFERS = 10;
/** Larger tensors are not copied, because each of them fills a dispatch. */
const GATHERED_SIZE = 2 ** 16;

/** Tensors that share a dispatch. */
export interface Chunk {
  readonly tensors: readonly (StepTensor & { readonly index: number; readonly start: number })[];
  /** Whether the shader's last read array of all these tensors is copied into one buffer. */
  readonly gathered: boolean;
}

/**
 * Decides which tensors share a dispatch.
 *
 * @param bindings how many tensor buffers a dispatch may bind.
 * @returns the chunks, and how many elements are to be copied into one buffer in total.
 */
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
  // Tensors of similar size share a dispatch, so that its threads have similar work.
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

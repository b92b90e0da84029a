import * as tf from "@tensorflow/tfjs-core";
import type { WasmBackend } from "../stock-backend/wasm-backend.ts";
import { OutOfMemoryError } from "./out-of-memory.ts";
import { assertRoom, resizeBlocks } from "./xnnpack.ts";

type Shape4 = [number, number, number, number];
type KernelParams = Parameters<tf.KernelFunc>[0];

/**
 * Sizes of the blocks that XNNPACK allocates for a kernel past the guarded malloc. stock-fixes/window-size.ts checks those of
 * convolutions and pools.
 */
const XNNPACK_BLOCKS: { readonly [kernelName: string]: (params: KernelParams) => number[] } = {
  Prelu: ({ inputs }) => [inputs.x, inputs.alpha].map((tensor) => bytesOf(tensor) + 4096),
  ResizeBilinear: ({ inputs, attrs }) => {
    const [batch, , , channels] = (inputs.images as tf.TensorInfo).shape as Shape4;
    const { size } = attrs as unknown as { readonly size: [number, number] };
    return resizeBlocks([batch, ...size, channels]);
  },
};

/** Wraps a kernel so that its {@link OutOfMemoryError} names the op and the sizes of its inputs. */
export function namingErrors(kernelName: string, kernelFunc: tf.KernelFunc): tf.KernelFunc {
  return (params) => {
    const backend = params.backend as WasmBackend;
    try {
      const blocks = XNNPACK_BLOCKS[kernelName]?.(params);
      if (blocks) assertRoom(backend, blocks);
      return kernelFunc(params);
    } catch (thrown) {
      const error = afterAbort(thrown, params);
      if (!(error instanceof OutOfMemoryError) || error.op) throw error;
      throw new OutOfMemoryError(error.bytes, backend.wasm.HEAPU8.byteLength, `${kernelName}(${sizesOf(params)})`, {
        cause: error,
      });
    }
  };
}

/**
 * Returns the error to throw in place of an abort. If an allocation of tfjs's C++ fails, it aborts without a reason. The
 * abort counts as out of memory if the heap has no room for another copy of the inputs.
 */
function afterAbort(error: unknown, { inputs, backend }: KernelParams): unknown {
  if (!(error instanceof WebAssembly.RuntimeError && error.message.startsWith("Aborted("))) return error;
  try {
    assertRoom(backend as WasmBackend, [Object.values(inputs).reduce((sum, tensor) => sum + bytesOf(tensor), 0)]);
    return error;
  } catch (noRoom) {
    return noRoom;
  }
}

const bytesOf = (tensor: tf.TensorInfo | undefined): number => (tensor ? 4 * tf.util.sizeFromShape(tensor.shape) : 0);

/** Lists the sizes that make an op large: shapes of tensors in inputs and attributes, and attributes that are shapes. */
function sizesOf({ inputs, attrs }: KernelParams): string {
  const isTensor = (value: unknown): value is tf.TensorInfo => Array.isArray((value as tf.TensorInfo | null)?.shape);
  return [...Object.entries(inputs), ...Object.entries(attrs ?? {})]
    .flatMap(([name, value]: [string, unknown]) => {
      if (isTensor(value)) return [`${name} [${value.shape}]`];
      if (!Array.isArray(value)) return [];
      if (value.length > 0 && value.every(isTensor)) {
        const numbers = value.reduce((sum, { shape }) => sum + tf.util.sizeFromShape(shape), 0);
        return [`${name} ${numbers} numbers in ${value.length} tensors`];
      }
      return /shape$/i.test(name) ? [`${name} [${value}]`] : [];
    })
    .join(", ");
}

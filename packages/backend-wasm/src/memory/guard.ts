import { BackendError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { once, type Registration, replaceKernels } from "../tfjs-registry/kernels.ts";
import type { WasmBackend } from "../heap/heap.ts";
import { assertRoom, resizeBlocks } from "./xnnpack.ts";

const MIB = 2 ** 20;

/**
 * The wasm heap, 4 GiB at most, has no room for a tensor. Thrown before anything is written: the step is undone, and the
 * next one, or a smaller batch, works.
 */
export class OutOfMemoryError extends BackendError {
  /** Bytes asked for. */
  readonly bytes: number;
  /** The op that asked, with the sizes it was given; undefined for a tensor made by hand. */
  readonly op: string | undefined;

  /**
   * @param bytes that were asked for
   * @param heapBytes of the whole heap now
   * @param op name of the op and the sizes it was given; absent for a tensor made by hand
   * @param options `cause`: the error of the allocation itself
   */
  constructor(bytes: number, heapBytes: number, op?: string, options?: ErrorOptions) {
    super(
      `${op ?? "A new tensor"} needs ${bytes < MIB ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / MIB).toFixed(1)} MiB`}, and the wasm heap of ${(heapBytes / MIB).toFixed(0)} MiB has no such room.`,
      "Take a smaller batch or smaller images, train fewer layers, or dispose tensors that are no longer needed (tf.memory() counts them). A wasm heap ends at 4096 MiB.",
      options,
    );
    this.bytes = bytes;
    this.op = op;
  }
}

/**
 * Makes an exhausted heap an {@link OutOfMemoryError}. Stock tfjs takes the address 0 that malloc then returns, and writes
 * over its own memory from there on.
 */
export function guardMemory(backend: WasmBackend): Registration {
  const { wasm } = backend;
  // At its first call emscripten puts the bare function in its own place, and would put it in ours.
  wasm._free(wasm._malloc(16));
  const malloc = wasm._malloc;
  const guarded = (bytes: number): number => {
    const address = malloc(bytes);
    // Near 4 GiB it may also hand out an address from which the block would pass the end of the heap.
    const outside = (address >>> 0) + bytes > wasm.HEAPU8.byteLength;
    if (bytes > 0 && (address === 0 || outside)) throw new OutOfMemoryError(bytes, wasm.HEAPU8.byteLength);
    return address;
  };
  wasm._malloc = guarded;
  const named = replaceKernels(
    Object.fromEntries(
      tf.getKernelsForBackend("wasm").map(({ kernelName, kernelFunc }) => [kernelName, naming(kernelName, kernelFunc)]),
    ),
  );
  const tape = freeFailedTapes();
  const moves = guardMoves(backend);
  return once(() => {
    moves.dispose();
    tape.dispose();
    named.dispose();
    if (wasm._malloc === guarded) wasm._malloc = malloc;
  });
}

/** Kernels that XNNPACK serves with memory of its own beside those of convolutions and pools, and the blocks it takes. */
const OWN_MEMORY: { readonly [kernelName: string]: (params: KernelParams) => number[] } = {
  Prelu: ({ inputs }) => [inputs.x, inputs.alpha].map((tensor) => bytesOf(tensor) + 4096),
  ResizeBilinear: ({ inputs, attrs }) => {
    const [batch, , , channels] = (inputs.images as tf.TensorInfo).shape as Shape4;
    const { size } = attrs as unknown as { readonly size: [number, number] };
    return resizeBlocks([batch, ...size, channels]);
  },
};

/** Adds the op and its sizes to an error of memory. */
function naming(kernelName: string, kernelFunc: tf.KernelFunc): tf.KernelFunc {
  return (params) => {
    const backend = params.backend as WasmBackend;
    try {
      const blocks = OWN_MEMORY[kernelName]?.(params);
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

/** tfjs's C++ ends its own allocations by an abort that says no more. It is one of memory where the inputs have no room twice. */
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

/** What makes an op large: the shapes of its tensors, those in its attributes included, and attributes that are shapes. */
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

type Shape4 = [number, number, number, number];
type KernelParams = Parameters<tf.KernelFunc>[0];

/**
 * Keeps what has no room to come here. tfjs moves a tensor between backends by forgetting it on the old one first: it would
 * be nowhere then, and a weight is not to be had again.
 */
function guardMoves(backend: WasmBackend): Registration {
  const stock = backend.move;
  const own = Object.hasOwn(backend, "move");
  const guarded: WasmBackend["move"] = (dataId, values, shape, dtype, refCount) => {
    try {
      stock.call(backend, dataId, values, shape, dtype, refCount);
    } catch (error) {
      const engine = tf.engine();
      // A new tensor is not in the engine's books yet.
      const moved = engine.state.tensorInfo.get(dataId);
      const old = Object.values(engine.registry).find((other) => other !== backend);
      if (moved && old) {
        old.move(dataId, values, shape, dtype, refCount);
        moved.backend = old;
      }
      throw error;
    }
  };
  backend.move = guarded;
  return once(() => {
    if (backend.move !== guarded) return;
    if (own) backend.move = stock;
    else delete (backend as { move?: WasmBackend["move"] }).move;
  });
}

type Gradients = ReturnType<typeof tf.engine>["gradients"];
interface TapedEngine {
  gradients: Gradients;
  readonly state: { gradientDepth: number; activeTape: { readonly saved?: readonly tf.Tensor[] }[] | null };
}

/** Frees what the tape has saved where a step throws: stock tfjs drops such a tape, and its tensors stay for ever. */
function freeFailedTapes(): Registration {
  const engine = tf.engine() as unknown as TapedEngine;
  const stock = engine.gradients;
  const own = Object.hasOwn(engine, "gradients");
  const freeing = ((...args: Parameters<Gradients>) => {
    try {
      return stock.apply(engine as never, args);
    } catch (error) {
      if (engine.state.gradientDepth === 0) {
        tf.dispose((engine.state.activeTape ?? []).flatMap(({ saved }) => [...(saved ?? [])]));
        engine.state.activeTape = null;
      }
      throw error;
    }
  }) as Gradients;
  engine.gradients = freeing;
  return once(() => {
    if (engine.gradients !== freeing) return;
    if (own) engine.gradients = stock;
    else delete (engine as { gradients?: Gradients }).gradients;
  });
}

import { BackendError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { once, type Registration, replaceKernels } from "./registry/kernels.ts";
import type { WasmBackend } from "./simd/heap.ts";

const MIB = 2 ** 20;

/**
 * The wasm heap, 4 GiB at most, has no room for a tensor. Thrown before anything is written: the step is undone, and the
 * next one, or a smaller batch, works.
 */
export class OutOfMemoryError extends BackendError {
  /** Bytes asked for. */
  readonly bytes: number;
  /** The op that asked, with the shapes of its inputs; undefined for a tensor made by hand. */
  readonly op: string | undefined;

  constructor(bytes: number, heapBytes: number, op?: string, options?: ErrorOptions) {
    super(
      `${op ?? "A new tensor"} needs ${(bytes / MIB).toFixed(1)} MiB, and the wasm heap of ${(heapBytes / MIB).toFixed(0)} MiB has no such room.`,
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
  return once(() => {
    tape.dispose();
    named.dispose();
    if (wasm._malloc === guarded) wasm._malloc = malloc;
  });
}

/** Adds the op and its shapes to an error of memory. */
function naming(kernelName: string, kernelFunc: tf.KernelFunc): tf.KernelFunc {
  return (params) => {
    try {
      return kernelFunc(params);
    } catch (error) {
      if (!(error instanceof OutOfMemoryError) || error.op) throw error;
      const shapes = Object.entries(params.inputs).map(
        ([name, tensor]) => `${name} [${(tensor as tf.TensorInfo | null)?.shape ?? ""}]`,
      );
      const { HEAPU8 } = (params.backend as WasmBackend).wasm;
      throw new OutOfMemoryError(error.bytes, HEAPU8.byteLength, `${kernelName}(${shapes.join(", ")})`, {
        cause: error,
      });
    }
  };
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

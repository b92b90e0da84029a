import { BackendError } from "@graftjs/core";

const MIB = 2 ** 20;

/**
 * The wasm heap, which has at most 4 GiB, has no room for a tensor. It is thrown before anything is written: the training
 * step is undone, and the next one, or one with a smaller batch, works.
 */
export class OutOfMemoryError extends BackendError {
  override name = "OutOfMemoryError";
  /** Bytes that were asked for. */
  readonly bytes: number;
  /** The op that asked, with the sizes of its inputs. Undefined for a tensor that the app created itself. */
  readonly op: string | undefined;

  /**
   * @param bytes bytes that were asked for
   * @param heapBytes bytes of the whole heap now
   * @param op name of the op and the sizes of its inputs; absent for a tensor that the app created itself
   * @param options `cause`: the error of the allocation
   */
  constructor(bytes: number, heapBytes: number, op?: string, options?: ErrorOptions) {
    super(
      `${op ?? "A new tensor"} needs ${bytes < MIB ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / MIB).toFixed(1)} MiB`}, and the wasm heap of ${(heapBytes / MIB).toFixed(0)} MiB has no such room.`,
      "Use a smaller batch or smaller images, train fewer layers, or dispose tensors that are no longer needed (tf.memory() counts them). A wasm heap ends at 4096 MiB.",
      options,
    );
    this.bytes = bytes;
    this.op = op;
  }
}

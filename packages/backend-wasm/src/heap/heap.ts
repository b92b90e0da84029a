import type { DataType, TensorInfo } from "@tensorflow/tfjs-core";
import { compileKernels, instantiateKernels, type Kernels, simdLevel } from "../simd/module.ts";
import { memoryOf, type WasmBackend } from "../stock-backend/wasm-backend.ts";
import { type Arguments, ThreadPool } from "../threads/thread-pool.ts";
import { chunkSize, type WorkSharing } from "../threads/work-sharing.ts";

/** The heap of one wasm backend, with our SIMD kernels on it and the threads that share it. */
export class Heap {
  readonly backend: WasmBackend;
  readonly kernels: Kernels;
  readonly #module: WebAssembly.Module;
  readonly #memory: WebAssembly.Memory;
  #scratch = 0;
  /** Scratches of the workers. They are kept for the next workers when these end. */
  readonly #workerScratches: number[] = [];
  #pool: ThreadPool | undefined;
  /** Outputs of the kernels that are running. They are freed if the kernel throws. */
  readonly #pending: TensorInfo[] = [];

  constructor(backend: WasmBackend) {
    const level = simdLevel();
    if (level === "none") throw new Error("This engine has no WebAssembly SIMD.");
    this.backend = backend;
    this.#memory = memoryOf(backend);
    this.#module = compileKernels(level, this.shared);
    this.kernels = instantiateKernels(this.#module, this.#memory);
  }

  /** Returns the address of a tensor's first byte. */
  address(tensor: TensorInfo): number {
    // Above 2 GiB Emscripten's addresses are negative numbers.
    return this.backend.dataIdMap.get(tensor.dataId).memoryOffset >>> 0;
  }

  /** Allocates a tensor. Its values are undefined until a kernel writes them. */
  output(shape: readonly number[], dtype: DataType = "float32"): TensorInfo {
    const tensor = this.backend.makeOutput([...shape], dtype);
    this.#pending.push(tensor);
    return tensor;
  }

  /** Frees a tensor that {@link output} allocated. */
  free(tensor: TensorInfo): void {
    this.adopt(tensor);
    this.backend.disposeData(tensor.dataId);
  }

  /** Hands an output to its new owner immediately. It is then kept even if the kernel throws later. */
  adopt(tensor: TensorInfo): void {
    const at = this.#pending.lastIndexOf(tensor);
    if (at >= 0) this.#pending.splice(at, 1);
  }

  /** Runs a kernel. If it throws, the outputs that it has allocated are freed. */
  guarded<T>(kernel: () => T): T {
    const before = this.#pending.length;
    try {
      const result = kernel();
      this.#pending.length = before;
      return result;
    } catch (error) {
      for (const tensor of this.#pending.splice(before)) this.backend.disposeData(tensor.dataId);
      throw error;
    }
  }

  /** Returns a view of a tensor's numbers. It is invalid after the next allocation, which may move the heap. */
  floats(tensor: TensorInfo, size: number): Float32Array {
    return new Float32Array(this.backend.wasm.HEAPU8.buffer, this.address(tensor), size);
  }

  /** Returns a view of an int32 tensor's numbers, with the same limits as {@link floats}. */
  ints(tensor: TensorInfo, size: number): Int32Array {
    return new Int32Array(this.backend.wasm.HEAPU8.buffer, this.address(tensor), size);
  }

  /** Whether threads can share this heap. */
  get shared(): boolean {
    return typeof SharedArrayBuffer !== "undefined" && this.#memory.buffer instanceof SharedArrayBuffer;
  }

  /** Number of threads that compute now. */
  get threads(): number {
    return this.#pool?.threads ?? 1;
  }

  /** Address of the room for packed panels, which is allocated at the first use. */
  get scratch(): number {
    this.reserveScratch();
    return this.#scratch;
  }

  /** Allocates {@link scratch} now. For kernels that must not fail after they have begun to write. */
  reserveScratch(): void {
    if (this.#scratch === 0) this.#scratch = this.#newScratch();
  }

  #newScratch(): number {
    const bytes = (this.kernels.scratchBytes as () => number)();
    return (((this.backend.wasm._malloc(bytes + 16) >>> 0) + 15) & ~15) >>> 0;
  }

  /**
   * Starts `threads` − 1 workers in place of the present ones. They help with further kernels until `endThreads` is called
   * or one of them is lost.
   *
   * @param onLost called if a worker is lost later; the heap then continues with one thread
   * @throws Error if the heap is not shared or a worker does not start; the heap then keeps the threads that it had.
   */
  async startThreads(threads: number, onLost: (reason: string) => void): Promise<void> {
    if (!this.shared) throw new Error("tfjs's heap is not shared memory.");
    while (this.#workerScratches.length < threads - 1) this.#workerScratches.push(this.#newScratch());
    const pool = await ThreadPool.start({
      module: this.#module,
      memory: this.#memory,
      kernels: this.kernels,
      scratches: this.#workerScratches.slice(0, threads - 1),
      onLost: (reason) => {
        if (this.#pool === pool) this.#pool = undefined;
        onLost(reason);
      },
    });
    this.endThreads();
    this.#pool = pool;
  }

  /** Ends the workers, if there are any. */
  endThreads(): void {
    this.#pool?.end();
    this.#pool = undefined;
  }

  /** Calls a kernel on the calling thread. */
  call(name: string, ...args: number[]): number {
    return (this.kernels[name] as (...args: number[]) => number)(...args);
  }

  /**
   * Calls a kernel on [0, total) of its work: as a whole, or in chunks by all threads if there is enough work. The address
   * of the scratch is appended to the arguments; a kernel without a parameter for it ignores it.
   */
  share(name: string, total: number, sharing: WorkSharing, args: Arguments): void {
    const chunk = this.#chunk(total, sharing);
    if (chunk === undefined) this.call(name, ...args(0, total), this.scratch);
    else this.#pool?.run(name, total, chunk, args, this.scratch);
  }

  /** Returns whether {@link share} would divide this work among threads now. */
  shares(total: number, sharing: WorkSharing): boolean {
    return this.#chunk(total, sharing) !== undefined;
  }

  #chunk(total: number, sharing: WorkSharing): number | undefined {
    return this.#pool?.open ? chunkSize(total, this.#pool.threads, sharing) : undefined;
  }
}

const heaps = new WeakMap<object, Heap>();

/**
 * Returns the heap of a wasm backend, and creates it at the first call. Kernels stay registered while backends are
 * replaced.
 */
export function heapOf(backend: unknown): Heap {
  const known = heaps.get(backend as object);
  if (known) return known;
  const heap = new Heap(backend as WasmBackend);
  heaps.set(backend as object, heap);
  return heap;
}

/** Returns the number of threads that compute on a backend now. It is 1 before the first of our kernels has run there. */
export const threadsOf = (backend: object): number => heaps.get(backend)?.threads ?? 1;

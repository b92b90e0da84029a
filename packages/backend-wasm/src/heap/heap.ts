import type { DataType, KernelBackend, TensorInfo } from "@tensorflow/tfjs-core";
import { type Arguments, ThreadPool } from "../threads/thread-pool.ts";
import { compileKernels, instantiateKernels, type Kernels, simdLevel } from "../simd/module.ts";
import { chunkSize, type WorkSharing } from "../threads/work-sharing.ts";

/** As much of tfjs's wasm backend as the kernels need. */
export interface WasmBackend extends KernelBackend {
  readonly wasm: {
    readonly HEAPU8: Uint8Array;
    readonly asm?: { readonly memory?: WebAssembly.Memory };
    readonly wasmMemory?: WebAssembly.Memory;
    readonly tfjs: { registerTensor(id: number, size: number, offset: number): void; disposeData(id: number): void };
    _malloc(bytes: number): number;
    _free(address: number): void;
  };
  readonly dataIdMap: {
    get(dataId: object): { id: number; memoryOffset: number; shape: number[]; dtype: DataType; refCount: number };
  };
  makeOutput(shape: readonly number[], dtype: DataType): TensorInfo;
  typedArrayFromHeap(tensor: TensorInfo): Float32Array | Int32Array | Uint8Array;
}

/** The SIMD kernels on the heap of one wasm backend. */
export class Heap {
  readonly backend: WasmBackend;
  readonly kernels: Kernels;
  readonly #module: WebAssembly.Module;
  readonly #memory: WebAssembly.Memory;
  #scratch = 0;
  /** For the workers; kept when they end, for the next ones. */
  readonly #workerScratches: number[] = [];
  #pool: ThreadPool | undefined;
  /** Outputs of the kernels that are running: freed where one of them throws. */
  readonly #pending: TensorInfo[] = [];

  constructor(backend: WasmBackend) {
    const level = simdLevel();
    if (level === "none") throw new Error("This engine has no WebAssembly SIMD.");
    this.backend = backend;
    this.#memory = memoryOf(backend);
    this.#module = compileKernels(level, this.shared);
    this.kernels = instantiateKernels(this.#module, this.#memory);
  }

  /** Address of a tensor's first byte. */
  address(tensor: TensorInfo): number {
    // Above 2 GiB emscripten hands out negative numbers.
    return this.backend.dataIdMap.get(tensor.dataId).memoryOffset >>> 0;
  }

  /** A new tensor whose numbers are still to be written. */
  output(shape: readonly number[], dtype: DataType = "float32"): TensorInfo {
    const tensor = this.backend.makeOutput([...shape], dtype);
    this.#pending.push(tensor);
    return tensor;
  }

  free(tensor: TensorInfo): void {
    this.adopt(tensor);
    this.backend.disposeData(tensor.dataId);
  }

  /** Leaves an output to its new owner, at once: it stays where the kernel throws later. */
  adopt(tensor: TensorInfo): void {
    const at = this.#pending.lastIndexOf(tensor);
    if (at >= 0) this.#pending.splice(at, 1);
  }

  /** Runs a kernel; where it throws, what it has allocated so far is freed. */
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

  /** The numbers of a tensor, to read and write. Any allocation may move the heap: ask again after one. */
  floats(tensor: TensorInfo, size: number): Float32Array {
    return new Float32Array(this.backend.wasm.HEAPU8.buffer, this.address(tensor), size);
  }

  ints(tensor: TensorInfo, size: number): Int32Array {
    return new Int32Array(this.backend.wasm.HEAPU8.buffer, this.address(tensor), size);
  }

  /** Whether threads can share this heap. */
  get shared(): boolean {
    return typeof SharedArrayBuffer !== "undefined" && this.#memory.buffer instanceof SharedArrayBuffer;
  }

  /** Threads that compute now. */
  get threads(): number {
    return this.#pool?.threads ?? 1;
  }

  /** Room for packed panels, allocated once. */
  get scratch(): number {
    this.reserveScratch();
    return this.#scratch;
  }

  /** Allocates {@link scratch} now, for kernels that must not fail once they have begun. */
  reserveScratch(): void {
    if (this.#scratch === 0) this.#scratch = this.#newScratch();
  }

  #newScratch(): number {
    const bytes = (this.kernels.scratchBytes as () => number)();
    return (((this.backend.wasm._malloc(bytes + 16) >>> 0) + 15) & ~15) >>> 0;
  }

  /**
   * Starts `threads` − 1 workers, which take part in further kernels until `endThreads` or until one of them is lost. They
   * take the place of those that are there.
   *
   * @param onLost called where a worker is lost later; the heap goes on with one thread
   * @throws Error where the heap is not shared or a worker does not start; the heap goes on with the threads it had.
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

  /** Calls a kernel that takes no share of work. */
  call(name: string, ...args: number[]): number {
    return (this.kernels[name] as (...args: number[]) => number)(...args);
  }

  /**
   * Calls a kernel on [0, total) of its work: as a whole, or in chunks by all threads where there is enough of it. The
   * scratch goes behind the arguments; a kernel that has no parameter for it never sees it.
   */
  share(name: string, total: number, sharing: WorkSharing, args: Arguments): void {
    const chunk = this.#chunk(total, sharing);
    if (chunk === undefined) this.call(name, ...args(0, total), this.scratch);
    else this.#pool?.run(name, total, chunk, args, this.scratch);
  }

  /** Whether {@link share} would share this work out now. */
  shares(total: number, sharing: WorkSharing): boolean {
    return this.#chunk(total, sharing) !== undefined;
  }

  #chunk(total: number, sharing: WorkSharing): number | undefined {
    return this.#pool?.open ? chunkSize(total, this.#pool.threads, sharing) : undefined;
  }
}

const heaps = new WeakMap<object, Heap>();

/** The heap of a wasm backend, made at first sight: backends come and go, kernels stay registered. */
export function heapOf(backend: unknown): Heap {
  const known = heaps.get(backend as object);
  if (known) return known;
  const heap = new Heap(backend as WasmBackend);
  heaps.set(backend as object, heap);
  return heap;
}

/** Threads that compute now on a backend: 1 where no kernel of ours has run on it yet. */
export const threadsOf = (backend: object): number => heaps.get(backend)?.threads ?? 1;

/** tfjs's heap: where the glue keeps it differs between the builds with and without threads. */
function memoryOf(backend: WasmBackend): WebAssembly.Memory {
  const memory = backend.wasm.asm?.memory ?? backend.wasm.wasmMemory;
  if (!memory)
    throw new Error("This version of @tensorflow/tfjs-backend-wasm does not expose its memory; use ^4.20.0.");
  return memory;
}

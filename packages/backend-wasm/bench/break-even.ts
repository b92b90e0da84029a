/** Measures the size from which a matrix product is worth a second thread. It is a part of bench/pool.ts. */
import * as tf from "@tensorflow/tfjs-core";
import { heapOf } from "../src/heap/heap.ts";
import { wasmBackend } from "../src/index.ts";
import { compileKernels, simdLevel } from "../src/simd/module.ts";
import { ThreadPool } from "../src/threads/thread-pool.ts";
import { chunkSize } from "../src/threads/work-sharing.ts";

const SIZES = [48, 64, 80, 96, 112, 128, 160, 192, 256, 384, 512];

/** Milliseconds for one size: the fastest tenth of its runs, which a busy machine disturbs least. */
export interface BreakEven {
  readonly multiplyAdds: number;
  readonly one: number;
  readonly two: number;
}

/** Measures square products of growing size alternately on one thread and on two, even if sharing is not worth it. */
export async function breakEven(): Promise<readonly BreakEven[]> {
  const session = await wasmBackend({ threads: 2 }).init();
  const heap = heapOf(tf.backend());
  heap.endThreads();
  const level = simdLevel();
  const memory = heap.backend.wasm.asm?.memory;
  if (level === "none" || !memory) throw new Error("Needs SIMD and tfjs's build without threads.");
  const bytes = (heap.kernels.scratchBytes as () => number)() + 16;
  const scratch = ((heap.backend.wasm._malloc(bytes) >>> 0) + 15) & ~15;
  const pool = await ThreadPool.start({
    module: compileKernels(level, true),
    memory,
    kernels: heap.kernels,
    scratches: [scratch],
    onLost: (reason) => console.error(reason),
  });
  const results = SIZES.map((size) => {
    const [a, b, c] = [1, 2, 3].map((seed) => heap.address(tf.randomNormal([size, size], 0, 1, "float32", seed))) as [
      number,
      number,
      number,
    ];
    const args = (from: number, to: number): number[] => [0, 0, size, size, size, a, b, c, 0, from, to, 0, size];
    const chunk = chunkSize(size, 2, { cost: size * size, step: 4, least: 16 }, 0) ?? Math.ceil(size / 8) * 4;
    const one = (): unknown => heap.call("gemm", ...args(0, size), heap.scratch);
    const two = (): unknown => pool.run("gemm", size, chunk, args, heap.scratch);
    const times: [number[], number[]] = [[], []];
    for (const end = performance.now() + 400; performance.now() < end; ) {
      for (const [i, compute] of [one, two].entries()) {
        const began = performance.now();
        compute();
        times[i]?.push(performance.now() - began);
      }
    }
    const [fastOne, fastTwo] = times.map(fastTenth) as [number, number];
    return { multiplyAdds: size ** 3, one: fastOne, two: fastTwo };
  });
  pool.end();
  await session.dispose();
  return results;
}

function fastTenth(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[Math.floor(times.length / 10)] as number;
}

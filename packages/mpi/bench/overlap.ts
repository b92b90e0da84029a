// Compares one sum after all copies with a sum in buckets, each of which travels while the next one is copied. Rank 0 prints JSON.
//
//   mpirun -n 2 node --import tsx packages/mpi/bench/overlap.ts
//   tools/mpi/network.sh node --import tsx packages/mpi/bench/overlap.ts
import { startMpi } from "../src/mpi/calls.ts";
import { loadLibrary } from "../src/mpi/library.ts";

const NUMBERS = 3_538_984;
const ROUNDS = Number(process.env.ROUNDS ?? 15);
const calls = startMpi(loadLibrary());
const grads = new Float32Array(NUMBERS).fill(1e-3);
const all = new Float32Array(NUMBERS);

/** Copies and sums in buckets of `length` numbers. */
function work(length: number): void {
  const open: (() => boolean)[] = [];
  for (let from = 0; from < NUMBERS; from += length) {
    const bucket = all.subarray(from, from + length);
    bucket.set(grads.subarray(from, from + length));
    open.push(calls.allreduce(bucket));
    // MPI moves data only while it is asked.
    for (const isDone of open) isDone();
  }
  for (const isDone of open) while (!isDone());
}

const lengths = [NUMBERS, 2 ** 20, 2 ** 18, 2 ** 16];
const seconds: number[][] = lengths.map(() => []);
for (let round = 0; round < ROUNDS + 3; round++)
  for (const [i, length] of lengths.entries()) {
    const ready = calls.barrier();
    while (!ready());
    const start = performance.now();
    work(length);
    if (round >= 3) seconds[i]?.push((performance.now() - start) / 1000);
  }
if (calls.rank === 0) {
  const rows = lengths.map((length, i) => {
    const sorted = [...(seconds[i] ?? [])].sort((a, b) => a - b);
    return { numbersPerBucket: length, median: sorted[Math.floor(ROUNDS / 2)], least: sorted[0] };
  });
  console.log(JSON.stringify(rows));
}
calls.finalize();

import type { Collective } from "@graftjs/tuner";
import { failedRank, lateRank } from "../rank-error.ts";
import { single } from "../single.ts";
import { TIMEOUT_SECONDS } from "../timeout.ts";
import { type MpiCalls, type Started, startMpi } from "./calls.ts";
import { isCutOff, isLaunched } from "./launcher.ts";
import { loadLibrary, MpiError } from "./library.ts";
import { assertWire, type Wire, wireOf } from "../wire/formats.ts";
import { type Messages, roundedSum } from "../wire/rounded-sum.ts";

export interface MpiOptions {
  /** Seconds that a call waits for the other ranks. @default GRAFT_TIMEOUT_SECONDS, else 300 */
  readonly timeoutSeconds?: number;
  /** Path of the library of MPI. @default GRAFT_MPI_LIBRARY, else the usual names of Open MPI and MPICH */
  readonly library?: string;
  /**
   * The number format in which gradients travel. The 16-bit formats halve the bytes and round twice: each rank's gradient, and the sum. Sums
   * are made in float32, in the order of the ranks. float16 cannot hold numbers beyond 65,504, and turns those below 3e-8 into 0. All ranks
   * need the same format. @default GRAFT_WIRE, else "float32"
   */
  readonly wire?: Wire;
}

/** Bytes of a message that a failed rank sends to the others. Open MPI sends so few at once, without waiting for the receiver. */
const MESSAGE_BYTES = 2048;
/** Number of questions before this rank lets other processes have the processor. */
const SPINS = 200;
/** The first pause. Each one is a little longer than the last, up to the longest, so that a long wait costs little. */
const NAP_MS = 0.05;
const LONGEST_NAP_MS = 1;

/** Numbers of a bucket. Several sums at a time use the link better than one long sum, and 1 MiB stays in the processor's cache. */
const BUCKET = 2 ** 18;
/** Numbers that are multiplied in one call. Their factors stay in the processor's cache. */
const FACTORS = 2 ** 16;

let started: MpiCalls | undefined;
let failed = false;

/**
 * Returns the collective of the processes that mpirun (or `mpiexec`, `srun --mpi=pmix`) has started. A process that was started without
 * them gets the collective of one process, so that a script runs alone unchanged.
 *
 * MPI ends with the process. If the process ends with an exit code other than 0, mpirun ends the other processes.
 *
 * @throws MpiError if no library of MPI can be loaded, or OptionsError if `wire` is unknown
 */
export function mpi({
  timeoutSeconds = limitOf(process.env.GRAFT_TIMEOUT_SECONDS),
  library,
  wire = wireOf(process.env.GRAFT_WIRE),
}: MpiOptions = {}): Collective {
  assertWire(wire);
  if (!isLaunched()) return single();
  const calls = start(library);
  const { rank, size } = calls;
  if (size === 1) return single();
  const run = (started: Started): void => finish(started, calls, timeoutSeconds);
  const messages: Messages = {
    ...{ rank, size },
    exchange: (...args) => run(calls.exchange(...args)),
    gather: (...args) => run(calls.gather(...args)),
  };
  return {
    rank,
    size,
    barrier: () => run(calls.barrier()),
    wire,
    sum: (values) => run(calls.allreduce(values)),
    sumGradients(values, exact, factor) {
      if (wire === "float32") run(inBuckets(values, calls));
      else {
        if (exact > 0) run(calls.allreduce(values.subarray(0, exact)));
        roundedSum(values.subarray(exact), wire, messages);
      }
      scale(calls, values, factor);
    },
    broadcast: (bytes, root = 0) => run(calls.broadcast(bytes, root)),
    gather(bytes) {
      const own = new Uint8Array(Float64Array.of(bytes.length).buffer);
      const all = new Uint8Array(size * own.length);
      run(
        calls.gather(
          own,
          all,
          Array.from({ length: size }, () => own.length),
        ),
      );
      const sizes = [...new Float64Array(all.buffer)];
      const into = new Uint8Array(sizes.reduce((sum, length) => sum + length, 0));
      run(calls.gather(bytes, into, sizes));
      let end = 0;
      return sizes.map((length) => {
        end += length;
        return into.slice(end - length, end);
      });
    },
    fail(message) {
      if (failed) return;
      failed = true;
      const bytes = new Uint8Array(MESSAGE_BYTES);
      new TextEncoder().encodeInto(`Rank ${rank}: ${message}`, bytes);
      for (let to = 0; to < size; to++) if (to !== rank) calls.post(bytes, to);
    },
  };
}

function start(library: string | undefined): MpiCalls {
  if (started) return started;
  if (isCutOff())
    throw new MpiError(
      "This process has no connection to mpirun: the program that mpirun started has started this one.",
      "Let mpirun start node itself. In place of `npx graft`: mpirun -n 2 node_modules/.bin/graft run recipe.json.",
    );
  const calls = startMpi(loadLibrary(library));
  started = calls;
  // Without this call, mpirun takes the end of a process for a crash. After a failure it should, and ends the other processes.
  process.on("exit", (code) => {
    if (code === 0 && !failed) calls.finalize();
  });
  return calls;
}

/**
 * Waits for the end of a call. It asks again and again in place of waiting inside MPI, so that a hanging rank and the message of a rank
 * that failed are noticed.
 */
function finish(isDone: Started, calls: MpiCalls, seconds: number): void {
  const until = performance.now() + seconds * 1000;
  const message = new Uint8Array(MESSAGE_BYTES);
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let looks = 0; !isDone(); looks++) {
    if (looks < SPINS) continue;
    if (calls.receive(message)) {
      failed = true;
      throw failedRank(new TextDecoder().decode(message).replace(/\0+$/, ""));
    }
    if (performance.now() > until) {
      failed = true;
      throw lateRank(calls.rank, seconds);
    }
    Atomics.wait(pause, 0, 0, Math.min(LONGEST_NAP_MS, NAP_MS * 1.05 ** (looks - SPINS)));
  }
}

/** Starts to sum in place, in buckets that travel at the same time. */
function inBuckets(values: Float32Array, calls: MpiCalls): Started {
  const open: Started[] = [];
  for (let from = 0; from < values.length; from += BUCKET)
    open.push(calls.allreduce(values.subarray(from, from + BUCKET)));
  // Asks every sum each time, because MPI moves data only while it is asked.
  return () => open.filter((isDone) => !isDone()).length === 0;
}

/** Multiplies all values by a factor. A loop in JavaScript takes about three times as long. */
function scale(calls: MpiCalls, values: Float32Array, factor: number): void {
  if (factor === 1) return;
  const factors = new Float32Array(Math.min(FACTORS, values.length)).fill(factor);
  for (let from = 0; from < values.length; from += FACTORS) {
    const part = values.subarray(from, from + FACTORS);
    calls.multiply(part, factors);
  }
}

function limitOf(text: string | undefined): number {
  const seconds = Number(text);
  return seconds > 0 ? seconds : TIMEOUT_SECONDS;
}

import koffi from "koffi";
import { MpiError, type MpiLibrary } from "./library.ts";

type Handle = unknown;

/** Continues a call that was started, and tells whether it is done. The arrays must not be touched before. */
export type Started = () => boolean;

/** The calls of MPI that a collective is made of, on all processes of the job. Each throws MpiError if MPI reports an error. */
export interface MpiCalls {
  readonly rank: number;
  readonly size: number;
  /** Starts to sum in place. */
  allreduce(values: Float32Array): Started;
  /** Multiplies each number of `values` by the number at the same place of `factors`. Not a message. */
  multiply(values: Float32Array, factors: Float32Array): void;
  broadcast(bytes: Uint8Array, root: number): Started;
  /** Starts to gather `lengths[rank]` bytes from each rank, one after the other. */
  gather(bytes: Uint8Array, into: Uint8Array, lengths: readonly number[]): Started;
  /** Starts to send `out[to]` bytes to each rank and to receive `into[from]` bytes from each, one after the other in both arrays. */
  exchange(bytes: Uint8Array, out: readonly number[], received: Uint8Array, into: readonly number[]): Started;
  barrier(): Started;
  /** Sends a short message to another rank, without waiting for it. */
  post(message: Uint8Array, to: number): void;
  /** Receives a posted message, if one has come. `message` has the size of all posted messages. */
  receive(message: Uint8Array): boolean;
  finalize(): void;
}

/** MPICH's handles, which its ABI fixes (MPICH ABI Compatibility Initiative, 2013). */
const MPICH = {
  ...{ world: 0x44000000, float: 0x4c00040a, byte: 0x4c00010d, sum: 0x58000003, product: 0x58000004 },
  ...{ inPlace: -1, anySource: -2 },
};
const TAG = 7;
/** Larger than MPI_Status of both libraries. */
const STATUS_BYTES = 64;

/** Starts MPI in this process. */
export function startMpi(library: MpiLibrary): MpiCalls {
  const { handle, isOpenMpi } = library;
  const h = isOpenMpi ? "void *" : "int";
  const bind = (name: string, ...types: readonly string[]) => handle.func(`int ${name}(${types.join(", ")})`);
  const call = (name: string, ...types: readonly string[]) => {
    const bound = bind(name, ...types);
    return (...args: readonly unknown[]): void => {
      const code: number = bound(...args);
      if (code !== 0) throw new MpiError(`${name} failed with code ${code}.`, "See the messages of mpirun.");
    };
  };
  const init = call("MPI_Init_thread", "void *", "void *", "int", "_Out_ int *");
  init(null, null, 1, [0]);
  const { world, float, byte, sum, product, inPlace, anySource } = isOpenMpi ? openMpiHandles() : MPICH;
  const number = (name: string): number => {
    const out = [0];
    call(name, h, "_Out_ int *")(world, out);
    return out[0] as number;
  };
  const allreduce = call("MPI_Iallreduce", "intptr_t", "void *", "int", h, h, h, "void *");
  const reduceLocal = call("MPI_Reduce_local", "void *", "void *", "int", h, h);
  const alltoallv = call(
    "MPI_Ialltoallv",
    ...["void *", "int *", "int *", h, "void *", "int *", "int *", h, h, "void *"],
  );
  const bcast = call("MPI_Ibcast", "void *", "int", h, "int", h, "void *");
  const allgatherv = call("MPI_Iallgatherv", "void *", "int", h, "void *", "int *", "int *", h, h, "void *");
  const barrier = call("MPI_Ibarrier", h, "void *");
  const test = call("MPI_Test", "void *", "_Out_ int *", "void *");
  const isend = call("MPI_Isend", "void *", "int", h, "int", "int", h, "void *");
  const iprobe = call("MPI_Iprobe", "int", "int", h, "_Out_ int *", "void *");
  const recv = call("MPI_Recv", "void *", "int", h, "int", "int", h, "void *");
  const finalize = call("MPI_Finalize");
  const status = Buffer.alloc(STATUS_BYTES);
  // A buffer that is being sent must not be freed.
  const sent: unknown[] = [];
  const started = (start: (request: Buffer) => void, ...used: readonly unknown[]): Started => {
    const request = Buffer.alloc(8);
    start(request);
    const flag = [0];
    return () => {
      test(request, flag, status);
      // `used` stays alive until then.
      return flag[0] !== 0 && used.length >= 0;
    };
  };
  return {
    rank: number("MPI_Comm_rank"),
    size: number("MPI_Comm_size"),
    allreduce: (values) =>
      started((request) => allreduce(inPlace, values, values.length, float, sum, world, request), values),
    multiply: (values, factors) => reduceLocal(factors, values, values.length, float, product),
    broadcast: (bytes, root) => started((request) => bcast(bytes, bytes.length, byte, root, world, request), bytes),
    gather(bytes, into, lengths) {
      const [counts, offsets] = placesOf(lengths);
      return started(
        (request) => allgatherv(bytes, bytes.length, byte, into, counts, offsets, byte, world, request),
        ...[bytes, into, counts, offsets],
      );
    },
    exchange(bytes, out, received, into) {
      const [[outCounts, outOffsets], [inCounts, inOffsets]] = [placesOf(out), placesOf(into)];
      return started(
        (request) => alltoallv(bytes, outCounts, outOffsets, byte, received, inCounts, inOffsets, byte, world, request),
        ...[bytes, outCounts, outOffsets, received, inCounts, inOffsets],
      );
    },
    barrier: () => started((request) => barrier(world, request)),
    post(message, to) {
      const request = Buffer.alloc(8);
      sent.push(message, request);
      isend(message, message.length, byte, to, TAG, world, request);
    },
    receive(message) {
      const flag = [0];
      iprobe(anySource, TAG, world, flag, status);
      if (flag[0] === 0) return false;
      recv(message, message.length, byte, anySource, TAG, world, status);
      return true;
    },
    finalize,
  };

  /** Open MPI's handles are the addresses of global variables. */
  function openMpiHandles() {
    const address = koffi.load(null).func("void *dlsym(void *, const char *)");
    const of = (name: string): Handle => {
      const found: Handle = address(null, name);
      if (found) return found;
      throw new MpiError(`${library.name} has no \`${name}\`.`, "Is it a version of Open MPI from 1.7 to 5?");
    };
    return {
      world: of("ompi_mpi_comm_world"),
      float: of("ompi_mpi_float"),
      byte: of("ompi_mpi_byte"),
      sum: of("ompi_mpi_op_sum"),
      product: of("ompi_mpi_op_prod"),
      inPlace: 1,
      anySource: -1,
    };
  }
}

/** Returns lengths, and the positions of parts with these lengths that follow each other. */
function placesOf(lengths: readonly number[]): readonly [Int32Array, Int32Array] {
  let end = 0;
  const offsets = lengths.map((length) => {
    end += length;
    return end - length;
  });
  return [Int32Array.from(lengths), Int32Array.from(offsets)];
}

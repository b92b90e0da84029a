import type { Collective } from "@graftjs/tuner";

/** Creates the collective of one process: sums and copies are the values themselves. */
export function single(): Collective {
  return {
    rank: 0,
    size: 1,
    sum() {},
    broadcast() {},
    gather: (bytes) => [bytes.slice()],
    barrier() {},
    fail() {},
  };
}

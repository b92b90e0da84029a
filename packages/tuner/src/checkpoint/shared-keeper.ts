import { decode, encode } from "./checkpoint.ts";
import type { Keeper } from "./keeper.ts";
import type { Collective } from "../parallel/collective.ts";

/** Wraps a keeper, so that rank 0 does everything in its place, and gives the other ranks the checkpoint that they resume from. */
export function sharedKeeper(keeper: Keeper, collective: Collective): Keeper {
  const first = collective.rank === 0;
  return {
    write: async (step, content) => (first ? keeper.write(step, content) : undefined),
    async newest() {
      const found = first ? await keeper.newest() : undefined;
      const [bytes] = collective.gather(found ? await encode(found) : new Uint8Array());
      return bytes && bytes.length > 0 ? decode(bytes) : undefined;
    },
    assertEmpty: async () => (first ? keeper.assertEmpty() : undefined),
    lock: async () => (first ? keeper.lock() : undefined),
    release: async () => (first ? keeper.release() : undefined),
  };
}

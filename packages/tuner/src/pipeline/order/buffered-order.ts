import { seeded } from "../../random/random.ts";
import { epochOrder } from "./epoch-order.ts";

/**
 * The order in which a shuffle buffer of `buffer` examples gives out a stream of `n`: a function of seed and epoch alone. The
 * example given is drawn from the buffer, and the stream's next one takes its place (the shuffle of tf.data). With room for
 * all of them it is {@link epochOrder}, so that a stream and the same examples in memory are one run.
 */
export function bufferedOrder(seed: number, epoch: number, n: number, buffer: number): Int32Array {
  if (buffer >= n) return epochOrder(seed, epoch, n);
  const random = seeded(seed, "shuffle", epoch);
  const held = Array.from({ length: buffer }, (_, i) => i);
  let next = buffer;
  return Int32Array.from({ length: n }, () => {
    const at = Math.floor(random() * held.length);
    const drawn = held[at] as number;
    if (next < n) held[at] = next++;
    else {
      const last = held.pop() as number;
      if (at < held.length) held[at] = last;
    }
    return drawn;
  });
}

import { seeded } from "../../random/random.ts";
import { epochOrder } from "./epoch-order.ts";

/**
 * Returns the order in which a shuffle buffer of `buffer` examples yields a stream of `n`. It depends only on seed and epoch. Each
 * yielded example is drawn from the buffer, and the stream's next one takes its place, as in tf.data. If the buffer holds all
 * examples, the order is {@link epochOrder}, so a stream and the same examples in memory give the same run.
 */
export function bufferedOrder(seed: number, epoch: number, n: number, buffer: number): Int32Array {
  if (buffer >= n) return epochOrder(seed, epoch, n);
  const random = seeded(seed, "shuffle", epoch);
  const buffered = Array.from({ length: buffer }, (_, i) => i);
  let next = buffer;
  return Int32Array.from({ length: n }, () => {
    const slot = Math.floor(random() * buffered.length);
    const drawn = buffered[slot] as number;
    if (next < n) buffered[slot] = next++;
    else {
      const last = buffered.pop() as number;
      if (slot < buffered.length) buffered[slot] = last;
    }
    return drawn;
  });
}

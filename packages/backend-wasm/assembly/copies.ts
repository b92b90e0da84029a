// Copies in another order. The output is written from its first byte to its last; where the next number stands in the input
// is a matter of steps: 0 repeats (tile, broadcast), a negative one goes backwards (reverse), one that is more than what lies
// between passes over numbers (a slice with strides). As far as the innermost numbers stand side by side in both, they are
// one row and are copied whole, whatever they are: a row is bytes, so that integers and booleans need no kernel of their own.
// The caller joins axes so that rows are as long as can be.

/** From so many bytes on the call of memory.copy costs less than a loop by vectors. */
const LONG: i32 = 256;

// @ts-ignore: decorator
@inline
function copyRow(from: usize, to: usize, bytes: i32): void {
  if (bytes >= LONG) {
    memory.copy(to, from, bytes);
    return;
  }
  let i = 0;
  for (; i + 16 <= bytes; i += 16) v128.store(to + i, v128.load(from + i));
  for (; i + 4 <= bytes; i += 4) store<u32>(to + i, load<u32>(from + i));
  for (; i < bytes; i++) store<u8>(to + i, load<u8>(from + i));
}

/** y ← rows of `bytes` bytes of x along four axes of `n` rows, `s` bytes apart in x; the last axis is the innermost. */
export function copyRows(
  x: usize, y: usize, n0: i32, s0: i32, n1: i32, s1: i32, n2: i32, s2: i32, n3: i32, s3: i32, bytes: i32,
): void {
  for (let a = 0; a < n0; a++)
    for (let b = 0; b < n1; b++)
      for (let c = 0; c < n2; c++) {
        let p: usize = x + a * s0 + b * s1 + c * s2;
        let d = 0;
        if (bytes == 4) {
          // Single numbers: repeated, by vectors; else one by one.
          if (s3 == 0) for (const v = v128.load32_splat(p); d + 4 <= n3; d += 4, y += 16) v128.store(y, v);
          for (p += d * s3; d < n3; d++, p += s3, y += 4) store<u32>(y, load<u32>(p));
        } else {
          for (; d < n3; d++, p += s3, y += bytes) copyRow(p, y, bytes);
        }
      }
}

/** y ← for each of `outer` blocks of `rows` rows: the rows `ids`. The caller has checked the ids. */
export function gatherRows(x: usize, ids: usize, y: usize, outer: i32, rows: i32, count: i32, bytes: i32): void {
  for (let o = 0; o < outer; o++, x += rows * bytes)
    for (let i = 0; i < count; i++, y += bytes) copyRow(x + load<i32>(ids + (i << 2)) * bytes, y, bytes);
}

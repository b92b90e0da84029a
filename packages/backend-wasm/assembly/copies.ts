// Copies in another order. The output is written from its first byte to its last. The step of an axis says how far apart its
// numbers are in the input: 0 repeats (tile, broadcast), a negative step goes backwards (reverse), and a large step skips
// numbers (a slice with strides). If the innermost numbers are neighbours in both, they are one row, which is copied as a
// whole. A row consists of bytes, so integers and booleans need no kernels of their own. The caller joins axes to make rows as
// long as possible.

/** Fewest bytes with which a call of memory.copy costs less than a loop of vectors. */
const LONG: i32 = 256;

/** Copies the bytes of one row. */
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

/**
 * Copies rows of `bytes` bytes from x to y, along four axes. An axis has `n` entries that are `s` bytes apart in x. The last axis
 * is the innermost.
 */
export function copyRows(
  x: usize, y: usize, n0: i32, s0: i32, n1: i32, s1: i32, n2: i32, s2: i32, n3: i32, s3: i32, bytes: i32,
): void {
  for (let a = 0; a < n0; a++)
    for (let b = 0; b < n1; b++)
      for (let c = 0; c < n2; c++) {
        let p: usize = x + a * s0 + b * s1 + c * s2;
        let d = 0;
        if (bytes == 4) {
          // Single numbers: by vectors if one is repeated, else one by one.
          if (s3 == 0) for (const v = v128.load32_splat(p); d + 4 <= n3; d += 4, y += 16) v128.store(y, v);
          for (p += d * s3; d < n3; d++, p += s3, y += 4) store<u32>(y, load<u32>(p));
        } else {
          for (; d < n3; d++, p += s3, y += bytes) copyRow(p, y, bytes);
        }
      }
}

/** Copies the rows `ids` of each of `outer` blocks of `rows` rows from x to y. The caller has checked the ids. */
export function gatherRows(x: usize, ids: usize, y: usize, outer: i32, rows: i32, count: i32, bytes: i32): void {
  for (let o = 0; o < outer; o++, x += rows * bytes)
    for (let i = 0; i < count; i++, y += bytes) copyRow(x + load<i32>(ids + (i << 2)) * bytes, y, bytes);
}

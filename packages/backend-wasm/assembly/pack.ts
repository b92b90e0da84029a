import { at, F, transpose4 } from "./simd";

/** Packs B[k][n] (row-major, ld floats per row) into panels of 8 columns, [n/8][k][8]. Columns past the end are zeros. */
export function packB(b: usize, ld: i32, k: i32, n: i32, out: usize): void {
  const row = (<usize>ld) << 2;
  for (let j = 0; j < n; j += 8) {
    const width = min(8, n - j);
    let p = at(b, j);
    if (width == 8) {
      for (let i = 0; i < k; i++) {
        v128.store(out, v128.load(p));
        v128.store(out, v128.load(p, 16), 16);
        out += 32;
        p += row;
      }
    } else {
      for (let i = 0; i < k; i++) {
        for (let c = 0; c < 8; c++) store<f32>(at(out, c), c < width ? load<f32>(at(p, c)) : 0);
        out += 32;
        p += row;
      }
    }
  }
}

/** Packs the same panels from a transposed B, [n][k]. Blocks of 4×4 are transposed in registers. */
export function packBTransposed(b: usize, ld: i32, k: i32, n: i32, out: usize): void {
  const row = (<usize>ld) << 2;
  for (let j = 0; j < n; j += 8) {
    const width = min(8, n - j);
    const p = b + <usize>j * row;
    let i = 0;
    if (width == 8) {
      for (; i + 4 <= k; i += 4) {
        const q = at(p, i);
        transpose4(v128.load(q), v128.load(q + row), v128.load(q + 2 * row), v128.load(q + 3 * row), out, 32);
        const r = q + 4 * row;
        transpose4(v128.load(r), v128.load(r + row), v128.load(r + 2 * row), v128.load(r + 3 * row), out + 16, 32);
        out += 128;
      }
    }
    for (; i < k; i++) {
      for (let c = 0; c < 8; c++) store<f32>(at(out, c), c < width ? load<f32>(at(p + <usize>c * row, i)) : 0);
      out += 32;
    }
  }
}

/** Packs up to 4 rows of a transposed A, [k][m], into one panel [k][4]. */
export function packATransposed(a: usize, ld: i32, k: i32, rows: i32, out: usize): void {
  const row = (<usize>ld) << 2;
  if (rows == 4) {
    for (let i = 0; i < k; i++) {
      v128.store(out, v128.load(a));
      out += 16;
      a += row;
    }
  } else {
    for (let i = 0; i < k; i++) {
      for (let r = 0; r < 4; r++) store<f32>(at(out, r), r < rows ? load<f32>(at(a, r)) : 0);
      out += 4 * F;
      a += row;
    }
  }
}

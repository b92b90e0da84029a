import { at, transpose4 } from "./simd";

/** Transposes `batch` matrices [rows][columns] in blocks of 32×32, which stay in the first-level cache. */
export function transpose(x: usize, y: usize, batch: i32, rows: i32, columns: i32): void {
  const rowIn = (<usize>columns) << 2;
  const rowOut = (<usize>rows) << 2;
  for (let b = 0; b < batch; b++) {
    const source = at(x, b * rows * columns);
    const target = at(y, b * rows * columns);
    for (let r0 = 0; r0 < rows; r0 += 32)
      for (let c0 = 0; c0 < columns; c0 += 32) {
        const rEnd = min(rows, r0 + 32);
        const cEnd = min(columns, c0 + 32);
        let r = r0;
        for (; r + 4 <= rEnd; r += 4) {
          let c = c0;
          for (; c + 4 <= cEnd; c += 4) {
            const p = at(source, r * columns + c);
            transpose4(
              v128.load(p), v128.load(p + rowIn), v128.load(p + 2 * rowIn), v128.load(p + 3 * rowIn),
              at(target, c * rows + r), rowOut,
            );
          }
          for (; c < cEnd; c++)
            for (let k = 0; k < 4; k++)
              store<f32>(at(target, c * rows + r + k), load<f32>(at(source, (r + k) * columns + c)));
        }
        for (; r < rEnd; r++)
          for (let c = c0; c < cEnd; c++)
            store<f32>(at(target, c * rows + r), load<f32>(at(source, r * columns + c)));
      }
  }
}

/** Transposes [a][b][c] to [b][a][c] by copies of whole rows of c floats. Attention splits and merges its heads like this. */
export function swapRows(x: usize, y: usize, batch: i32, a: i32, b: i32, c: i32): void {
  const bytes = (<usize>c) << 2;
  for (let n = 0; n < batch; n++)
    for (let i = 0; i < a; i++)
      for (let j = 0; j < b; j++) {
        let from = at(x, ((n * a + i) * b + j) * c);
        let to = at(y, ((n * b + j) * a + i) * c);
        if (c & 3) memory.copy(to, from, bytes);
        else for (const end = from + bytes; from < end; from += 16, to += 16) v128.store(to, v128.load(from));
      }
}

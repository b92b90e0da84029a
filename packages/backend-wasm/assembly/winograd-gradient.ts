import { at, fma, zero } from "./simd";
import { EDGE, tilePacked } from "./tile";
import { notFinite, positionStep, TILE, WINDOW, windowAt, windowRow, windowStep } from "./winograd";

/** Most tiles of a block, and most columns that are packed at a time. */
const BLOCK: i32 = 128;
const COLUMNS: i32 = 128;

/** Returns the tiles of a block. It depends only on the sizes, because sums must not depend on the division of the work. */
function blockOf(channels: i32, outs: i32): i32 {
  const room = <i32>EDGE - 16 * channels - 8 * COLUMNS - 16 * max(4 * channels, outs);
  return min(BLOCK, room / (16 * (channels + COLUMNS))) & ~3;
}

/**
 * Computes the sums over tiles in the filter gradient of conv2d: m[position][channel][o] = Σ (Bᵀ x B)[position][tile][channel]
 * · (A dY Aᵀ)[position][tile][o]. Its number of columns is rounded up to a multiple of 8.
 *
 * The four positions in a row of a transformed tile are computed together, because they need the same two rows of its window.
 * Both operands are transformed directly into the panels that `tilePacked` of tile.ts reads.
 *
 * The work is divided into panels of 8 columns for each row of positions: [from, to) of 4 · ⌈outs / 8⌉ are computed. There may
 * be up to 1024 channels and outs.
 */
export function winogradFilterGradient(
  x: usize, dy: usize, m: usize, batch: i32, height: i32, width: i32, channels: i32,
  outHeight: i32, outWidth: i32, outs: i32, top: i32, left: i32, from: i32, to: i32, scratch: usize,
): void {
  const panels = (outs + 7) >> 3;
  while (from < to) {
    const row = from / panels;
    const first = from - row * panels;
    const count = min(min(COLUMNS >> 3, panels - first), to - from);
    sumRow(x, dy, m, batch, height, width, channels, outHeight, outWidth, outs, top, left, row, 8 * first, count, scratch);
    from += count;
  }
}

/** Computes the sums of one row of positions, for `panels` panels from `column` on. */
function sumRow(
  x: usize, dy: usize, m: usize, batch: i32, height: i32, width: i32, channels: i32,
  outHeight: i32, outWidth: i32, outs: i32, top: i32, left: i32, row: i32, column: i32, panels: i32, scratch: usize,
): void {
  const across = (outWidth + 1) >> 1;
  const down = (outHeight + 1) >> 1;
  const tiles = batch * down * across;
  const block = blockOf(channels, outs);
  const columns = (outs + 7) & ~7;
  const stepM = positionStep(columns * channels);
  const ldm = (<usize>columns) << 2;
  // Bytes of a panel; and the distance of a position's panels for one and the next four channels, or eight columns.
  const panelA = (<usize>block) << 4, nextA = positionStep(16 * block);
  const panelB = (<usize>block) << 5, nextB = positionStep(32 * block);
  const panelsB = scratch + <usize>(channels >> 2) * nextA;
  const buffer = panelsB + <usize>panels * nextB;
  const edge = scratch + EDGE;
  const packed = min(8 * panels, outs - column);
  // A row of Bᵀ d is the sum or difference of two rows of d: sign · d[second] + d[first].
  // A row of A dY is above · dY[0] + below · dY[1].
  const first: usize = row == 0 ? 0 : row == 2 ? 2 : 1;
  const second: usize = row == 3 ? 3 : row == 2 ? 1 : 2;
  const sign = f32x4.splat(row == 1 ? 1 : -1);
  const above = f32x4.splat(row == 3 ? 0 : 1);
  const below = f32x4.splat(row == 0 ? 0 : row == 1 ? 1 : -1);
  for (let t0 = 0; t0 < tiles; t0 += block) {
    const kc = min(block, tiles - t0);
    for (let t = 0; t < kc; t++) {
      const line = (t0 + t) / across;
      const image = line / down;
      const oy = 2 * (line - image * down);
      const ox = 2 * (t0 + t - line * across);
      const images = at(x, image * height * width * channels);
      const window = windowAt(images, height, width, channels, oy - top, ox - left, WINDOW, buffer);
      const stepX = windowStep(window, buffer, width, channels, WINDOW);
      packWindow(window + first * stepX, window + second * stepX, sign, channels, at(scratch, 4 * t), nextA, panelA);
      const tile = windowAt(at(dy, image * outHeight * outWidth * outs), outHeight, outWidth, outs, oy, ox, TILE, buffer);
      const stepY = windowStep(tile, buffer, outWidth, outs, TILE);
      packTile(at(tile, column), stepY, (<usize>outs) << 2, above, below, packed, at(panelsB, 8 * t), nextB, panelB);
    }
    for (let c = 0; c < channels; c += 4)
      for (let p: usize = 0; p < 4; p++) {
        const a = scratch + <usize>(c >> 2) * nextA + p * panelA;
        const target = at(m, c * columns + column) + (<usize>(4 * row) + p) * stepM;
        for (let j = 0; j < panels; j++)
          tilePacked(a, panelsB + <usize>j * nextB + p * panelB, kc, at(target, 8 * j), ldm, 4, 8, t0 > 0, edge);
      }
  }
}

/** Packs a row of Bᵀ d B: one tile of a panel for every four channels. */
function packWindow(first: usize, second: usize, sign: v128, channels: i32, to: usize, next: usize, panel: usize): void {
  const pixel = (<usize>channels) << 2;
  const end = first + pixel;
  for (; first < end; first += 16, second += 16, to += next)
    windowRow(
      fma(v128.load(second), sign, v128.load(first)),
      fma(v128.load(second + pixel), sign, v128.load(first + pixel)),
      fma(v128.load(second + 2 * pixel), sign, v128.load(first + 2 * pixel)),
      fma(v128.load(second + 3 * pixel), sign, v128.load(first + 3 * pixel)),
      to, panel,
    );
}

/** Packs a row of A dY Aᵀ: one tile of a panel for every eight columns. */
function packTile(
  tile: usize, row: usize, pixel: usize, above: v128, below: v128, columns: i32, to: usize, next: usize, panel: usize,
): void {
  for (let j = 0; j < columns; j += 4) {
    const p = at(tile, j);
    const e0 = fma(v128.load(p + row), below, f32x4.mul(v128.load(p), above));
    const e1 = fma(v128.load(p + row + pixel), below, f32x4.mul(v128.load(p + pixel), above));
    const q = at(to + <usize>(j >> 3) * next, j & 4);
    v128.store(q, e0);
    v128.store(q + panel, f32x4.add(e0, e1));
    v128.store(q + 2 * panel, f32x4.sub(e0, e1));
    v128.store(q + 3 * panel, f32x4.neg(e1));
    // The other half of the last panel becomes zeros.
    if (j + 4 == columns && !(j & 4)) for (let i: usize = 0; i < 4; i++) v128.store(q + i * panel, zero(), 16);
  }
}

/**
 * Computes the filter gradient from those sums, dW = Gᵀ m G, for channels [from, to). Stores 1 at `flag` if a number is not
 * finite.
 */
export function winogradFilterSums(m: usize, dw: usize, flag: usize, channels: i32, outs: i32, from: i32, to: i32): void {
  const columns = (outs + 7) & ~7;
  const step = positionStep(columns * channels);
  const tap = (<usize>(channels * outs)) << 2;
  const half = f32x4.splat(0.5);
  let bad = zero();
  for (let c = from; c < to; c++)
    for (let o = 0; o < outs; o += 4) {
      const p = at(m, c * columns + o);
      const q = at(dw, c * outs + o);
      for (let j: usize = 0; j < 3; j++) {
        const r0 = columnOfRow(p, step, j), r1 = columnOfRow(p + 4 * step, step, j);
        const r2 = columnOfRow(p + 8 * step, step, j), r3 = columnOfRow(p + 12 * step, step, j);
        const sum = f32x4.mul(f32x4.add(r1, r2), half);
        const g0 = f32x4.add(r0, sum), g1 = f32x4.mul(f32x4.sub(r1, r2), half), g2 = f32x4.add(sum, r3);
        bad = v128.or(bad, v128.or(notFinite(g0), v128.or(notFinite(g1), notFinite(g2))));
        v128.store(q + j * tap, g0);
        v128.store(q + (j + 3) * tap, g1);
        v128.store(q + (j + 6) * tap, g2);
      }
    }
  if (v128.any_true(bad)) store<i32>(flag, 1);
}

/** Computes column j of m G, in one row of positions. */
// @ts-ignore: decorator
@inline
function columnOfRow(m: usize, step: usize, j: usize): v128 {
  const half = f32x4.splat(0.5);
  const b = v128.load(m + step), c = v128.load(m + 2 * step);
  if (j == 1) return f32x4.mul(f32x4.sub(b, c), half);
  return f32x4.add(f32x4.mul(f32x4.add(b, c), half), v128.load(m + (j ? 3 * step : 0)));
}

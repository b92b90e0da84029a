import { at, fill, fma, zero } from "./simd";

/**
 * Computes the input gradient of a depthwise convolution: each pixel of dx is the sum over the taps that read it.
 *
 * The taps of a pixel are the same for all its channels. They are listed once in the scratch, as pairs of addresses in dy and
 * w.
 *
 * Image rows [from, to) of batch · height are computed.
 */
export function depthwiseInputGradient(
  dy: usize, w: usize, dx: usize, height: i32, width: i32, channels: i32, outHeight: i32, outWidth: i32,
  multiplier: i32, filterHeight: i32, filterWidth: i32, strideY: i32, strideX: i32, dilationY: i32, dilationX: i32,
  top: i32, left: i32, from: i32, to: i32, scratch: usize,
): void {
  const outs = channels * multiplier;
  for (let row = from; row < to; row++) {
    const b = row / height;
    const iy = row - b * height;
    for (let ix = 0; ix < width; ix++) {
      let end = scratch;
      for (let i = 0; i < filterHeight; i++) {
        const reachY = iy + top - i * dilationY;
        if (reachY < 0) break;
        const y = reachY / strideY;
        if (y * strideY != reachY || y >= outHeight) continue;
        for (let j = 0; j < filterWidth; j++) {
          const reachX = ix + left - j * dilationX;
          if (reachX < 0) break;
          const o = reachX / strideX;
          if (o * strideX != reachX || o >= outWidth) continue;
          store<usize>(end, at(dy, ((b * outHeight + y) * outWidth + o) * outs));
          store<usize>(end, at(w, (i * filterWidth + j) * outs), sizeof<usize>());
          end += 2 * sizeof<usize>();
        }
      }
      const target = at(dx, (row * width + ix) * channels);
      if (multiplier == 1) oneByOne(target, channels, scratch, end);
      else severalByOne(target, channels, multiplier, scratch, end);
    }
  }
}

/** Computes a pixel with multiplier 1, eight channels at a time. */
function oneByOne(target: usize, channels: i32, taps: usize, end: usize): void {
  let c = 0;
  for (; c + 8 <= channels; c += 8) {
    let s0 = zero(), s1 = zero();
    for (let t = taps; t < end; t += 2 * sizeof<usize>()) {
      const d = at(load<usize>(t), c);
      const w = at(load<usize>(t, sizeof<usize>()), c);
      s0 = fma(v128.load(d), v128.load(w), s0);
      s1 = fma(v128.load(d, 16), v128.load(w, 16), s1);
    }
    v128.store(at(target, c), s0);
    v128.store(at(target, c), s1, 16);
  }
  for (; c + 4 <= channels; c += 4) {
    let s = zero();
    for (let t = taps; t < end; t += 2 * sizeof<usize>())
      s = fma(v128.load(at(load<usize>(t), c)), v128.load(at(load<usize>(t, sizeof<usize>()), c)), s);
    v128.store(at(target, c), s);
  }
  for (; c < channels; c++) {
    let s: f32 = 0;
    for (let t = taps; t < end; t += 2 * sizeof<usize>())
      s += load<f32>(at(load<usize>(t), c)) * load<f32>(at(load<usize>(t, sizeof<usize>()), c));
    store<f32>(at(target, c), s);
  }
}

/** Computes a pixel with a larger multiplier: each input channel has `multiplier` neighbouring output channels. */
function severalByOne(target: usize, channels: i32, multiplier: i32, taps: usize, end: usize): void {
  fill(target, channels, 0);
  for (let t = taps; t < end; t += 2 * sizeof<usize>()) {
    let d = load<usize>(t);
    let w = load<usize>(t, sizeof<usize>());
    for (let c = 0; c < channels; c++) {
      let s: f32 = 0;
      for (let q = 0; q < multiplier; q++, d += 4, w += 4) s += load<f32>(d) * load<f32>(w);
      store<f32>(at(target, c), load<f32>(at(target, c)) + s);
    }
  }
}

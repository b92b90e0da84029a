import { at, fill } from "./simd";

/** Sets out to 0, then computes out[ids[i]] += x[i]. Ids outside [0, segments) are dropped. */
export function segmentSum(x: usize, ids: usize, out: usize, count: i32, width: i32, segments: i32): void {
  fill(out, segments * width, 0);
  for (let i = 0; i < count; i++) {
    const id = load<i32>(at(ids, i));
    if (id < 0 || id >= segments) continue;
    const target = at(out, id * width);
    const source = at(x, i * width);
    let c = 0;
    for (; c + 4 <= width; c += 4)
      v128.store(at(target, c), f32x4.add(v128.load(at(target, c)), v128.load(at(source, c))));
    for (; c < width; c++) store<f32>(at(target, c), load<f32>(at(target, c)) + load<f32>(at(source, c)));
  }
}

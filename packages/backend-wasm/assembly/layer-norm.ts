import { at, fill, fma, laneSum, zero } from "./simd";

/** Computes layer norm over the last axis for rows [from, to). It also stores the mean and 1/σ of each row for the gradient. */
export function layerNorm(
  x: usize, gamma: usize, beta: usize, y: usize, mean: usize, rsigma: usize, columns: i32, epsilon: f32, from: i32, to: i32,
): void {
  for (let r = from; r < to; r++) {
    const p = at(x, r * columns);
    const q = at(y, r * columns);
    let s = zero();
    let c = 0;
    for (; c + 4 <= columns; c += 4) s = f32x4.add(s, v128.load(at(p, c)));
    let m = laneSum(s);
    for (; c < columns; c++) m += load<f32>(at(p, c));
    m /= <f32>columns;
    const mv = f32x4.splat(m);
    s = zero();
    for (c = 0; c + 4 <= columns; c += 4) {
      const d = f32x4.sub(v128.load(at(p, c)), mv);
      s = fma(d, d, s);
    }
    let variance = laneSum(s);
    for (; c < columns; c++) {
      const d = load<f32>(at(p, c)) - m;
      variance += d * d;
    }
    const rs: f32 = 1 / sqrt(variance / <f32>columns + epsilon);
    store<f32>(at(mean, r), m);
    store<f32>(at(rsigma, r), rs);
    const rv = f32x4.splat(rs);
    for (c = 0; c + 4 <= columns; c += 4) {
      const h = f32x4.mul(f32x4.sub(v128.load(at(p, c)), mv), rv);
      v128.store(at(q, c), fma(h, v128.load(at(gamma, c)), v128.load(at(beta, c))));
    }
    for (; c < columns; c++)
      store<f32>(at(q, c), (load<f32>(at(p, c)) - m) * rs * load<f32>(at(gamma, c)) + load<f32>(at(beta, c)));
  }
}

/** Computes the gradients of layer norm: dx, dgamma and dbeta. It runs on one thread, because all rows add to dgamma and dbeta. */
export function layerNormGradient(
  x: usize, dy: usize, gamma: usize, mean: usize, rsigma: usize, dx: usize, dgamma: usize, dbeta: usize, rows: i32, columns: i32,
): void {
  fill(dgamma, columns, 0);
  fill(dbeta, columns, 0);
  for (let r = 0; r < rows; r++) {
    const p = at(x, r * columns);
    const d = at(dy, r * columns);
    const q = at(dx, r * columns);
    const m = load<f32>(at(mean, r));
    const rs = load<f32>(at(rsigma, r));
    const mv = f32x4.splat(m);
    const rv = f32x4.splat(rs);
    let s1 = zero(), s2 = zero();
    let c = 0;
    for (; c + 4 <= columns; c += 4) {
      const h = f32x4.mul(f32x4.sub(v128.load(at(p, c)), mv), rv);
      const g = v128.load(at(d, c));
      const w = f32x4.mul(g, v128.load(at(gamma, c)));
      s1 = f32x4.add(s1, w);
      s2 = fma(w, h, s2);
      v128.store(at(dgamma, c), fma(g, h, v128.load(at(dgamma, c))));
      v128.store(at(dbeta, c), f32x4.add(g, v128.load(at(dbeta, c))));
    }
    let a = laneSum(s1);
    let b = laneSum(s2);
    for (; c < columns; c++) {
      const h = (load<f32>(at(p, c)) - m) * rs;
      const g = load<f32>(at(d, c));
      const w = g * load<f32>(at(gamma, c));
      a += w;
      b += w * h;
      store<f32>(at(dgamma, c), load<f32>(at(dgamma, c)) + g * h);
      store<f32>(at(dbeta, c), load<f32>(at(dbeta, c)) + g);
    }
    a /= <f32>columns;
    b /= <f32>columns;
    const av = f32x4.splat(a);
    const bv = f32x4.splat(b);
    for (c = 0; c + 4 <= columns; c += 4) {
      const h = f32x4.mul(f32x4.sub(v128.load(at(p, c)), mv), rv);
      const w = f32x4.mul(v128.load(at(d, c)), v128.load(at(gamma, c)));
      v128.store(at(q, c), f32x4.mul(rv, f32x4.sub(f32x4.sub(w, av), f32x4.mul(h, bv))));
    }
    for (; c < columns; c++) {
      const h = (load<f32>(at(p, c)) - m) * rs;
      store<f32>(at(q, c), rs * (load<f32>(at(d, c)) * load<f32>(at(gamma, c)) - a - h * b));
    }
  }
}

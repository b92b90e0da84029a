/**
 * Divides a size into two factors, the smaller one first, as LyCORIS and HF PEFT do.
 *
 * @param factor is one of the two, if it divides the size. Otherwise, and with −1, the two are as close as possible, and the smaller
 *   one is at most `factor`.
 */
export function factorPair(size: number, factor: number): [number, number] {
  if (factor > 0 && size % factor === 0) return ordered(factor, size / factor);
  const largest = factor === -1 ? size : factor;
  let pair: [number, number] = [1, size];
  while (pair[0] < pair[1]) {
    let next = pair[0] + 1;
    while (size % next !== 0) next++;
    const other = size / next;
    if (next + other > pair[0] + pair[1] || next > largest) break;
    pair = [next, other];
  }
  return ordered(...pair);
}

function ordered(a: number, b: number): [number, number] {
  return a > b ? [b, a] : [a, b];
}

/** A run of neighbouring axes of a broadcast, along which each operand either has all the axes or is repeated. */
export interface AxisRun {
  readonly size: number;
  readonly inA: boolean;
  readonly inB: boolean;
}

/** Joins the axes of a broadcast of shapes `a` and `b` into as few runs as possible. Axes of size 1 are dropped. */
export function joinBroadcastAxes(a: readonly number[], b: readonly number[]): readonly AxisRun[] {
  const runs: AxisRun[] = [];
  const rank = Math.max(a.length, b.length);
  for (let axis = 0; axis < rank; axis++) {
    const sizeA = a[axis - rank + a.length] ?? 1;
    const sizeB = b[axis - rank + b.length] ?? 1;
    const [size, inA, inB] = [sizeA === 1 ? sizeB : sizeA, sizeA !== 1, sizeB !== 1];
    if (size === 1) continue;
    const last = runs.at(-1);
    if (last?.inA === inA && last.inB === inB) runs[runs.length - 1] = { size: last.size * size, inA, inB };
    else runs.push({ size, inA, inB });
  }
  return runs;
}

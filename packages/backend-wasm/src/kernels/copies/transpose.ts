import { input, isFloat, type SimdKernel, sizeOf } from "../../heap/simd-kernel.ts";

/**
 * Computes transposes that, with neighbouring axes joined, swap the last two axes ([…, a, b] → […, b, a]) or two axes before
 * a whole row ([…, a, b, c] → […, b, a, c]). Matrix transposes, the layouts of attention and channels first to last are such.
 * Others go to stock.
 */
export const transpose: SimdKernel = (call) => {
  const { heap } = call;
  const x = input(call, "x");
  if (!isFloat(x) || sizeOf(x.shape) === 0) return undefined;
  const perm = call.attrs.perm as number[];
  const { sizes, order } = joinAxes(x.shape, perm);
  const lead = order[0] === 0 ? 1 : 0;
  const batch = lead ? (sizes[0] as number) : 1;
  const rest = order
    .slice(lead)
    .map((axis) => axis - lead)
    .join();
  const [a, b, c] = sizes.slice(lead) as [number, number, number];
  if (rest !== "1,0" && rest !== "1,0,2") return undefined;
  const y = heap.output(perm.map((axis) => x.shape[axis] as number));
  const [px, py] = [heap.address(x), heap.address(y)];
  if (rest === "1,0") heap.call("transpose", px, py, batch, a, b);
  else heap.call("swapRows", px, py, batch, a, b, c);
  return y;
};

/** Drops axes of size 1, and joins axes that are neighbours before and after. */
function joinAxes(shape: readonly number[], perm: readonly number[]): { sizes: number[]; order: number[] } {
  const real = perm.filter((axis) => shape[axis] !== 1);
  const groups: number[][] = [];
  const previous = (axis: number): number => {
    let p = axis - 1;
    while (p >= 0 && shape[p] === 1) p--;
    return p;
  };
  for (const axis of real) {
    const group = groups.at(-1);
    if (group && group.at(-1) === previous(axis)) group.push(axis);
    else groups.push([axis]);
  }
  const inOrder = [...groups].sort((p, q) => (p[0] as number) - (q[0] as number));
  return {
    sizes: inOrder.map((group) => sizeOf(group.map((axis) => shape[axis] as number))),
    order: groups.map((group) => inOrder.indexOf(group)),
  };
}

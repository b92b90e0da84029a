import { input, isFloat, type SimdKernel, sizeOf } from "../../heap/simd-kernel.ts";

/** Computes softmax over the last axis. */
export const softmax: SimdKernel = (call) => {
  const { heap } = call;
  const x = input(call, "logits");
  const columns = x.shape.at(-1) as number;
  if (!isFloat(x) || sizeOf(x.shape) === 0) return undefined;
  const y = heap.output(x.shape);
  const [px, py] = [heap.address(x), heap.address(y)];
  heap.share("softmax", sizeOf(x.shape) / columns, { cost: 10 * columns }, (from, to) => [px, py, columns, from, to]);
  return y;
};

/** Computes the gradient of softmax, y · (dy − Σ dy·y), over the last axis. */
export const softmaxGradient: SimdKernel = (call) => {
  const { heap } = call;
  const [y, dy] = [input(call, "v"), input(call, "dy")];
  const columns = y.shape.at(-1) as number;
  if (!isFloat(y, dy) || sizeOf(y.shape) === 0) return undefined;
  const dx = heap.output(y.shape);
  const [py, pd, px] = [heap.address(y), heap.address(dy), heap.address(dx)];
  heap.share("softmaxGradient", sizeOf(y.shape) / columns, { cost: 4 * columns }, (from, to) => [
    py,
    pd,
    px,
    columns,
    from,
    to,
  ]);
  return dx;
};

/** Computes softmax cross-entropy. Outputs the loss per row, [rows], and the softmax for the gradient. */
export const softmaxCrossEntropy: SimdKernel = (call) => {
  const { heap } = call;
  const x = input(call, "logits");
  const columns = x.shape.at(-1) as number;
  const [loss, y] = [heap.output(x.shape.slice(0, -1)), heap.output(x.shape)];
  const [px, pt, py, pl] = [x, input(call, "targets"), y, loss].map((t) => heap.address(t)) as [
    number,
    number,
    number,
    number,
  ];
  heap.share("softmaxCrossEntropy", sizeOf(loss.shape), { cost: 14 * columns }, (from, to) => [
    px,
    pt,
    py,
    pl,
    columns,
    from,
    to,
  ]);
  return [loss, y];
};

/** Computes the gradient of {@link softmaxCrossEntropy}: dy · (softmax · Σ targets − targets). */
export const softmaxCrossEntropyGradient: SimdKernel = (call) => {
  const { heap } = call;
  const y = input(call, "softmax");
  const columns = y.shape.at(-1) as number;
  const dx = heap.output(y.shape);
  const [py, pt, pd, px] = [y, input(call, "targets"), input(call, "dy"), dx].map((t) => heap.address(t)) as [
    number,
    number,
    number,
    number,
  ];
  heap.share("softmaxCrossEntropyGradient", sizeOf(y.shape) / columns, { cost: 4 * columns }, (from, to) => [
    py,
    pt,
    pd,
    px,
    columns,
    from,
    to,
  ]);
  return dx;
};

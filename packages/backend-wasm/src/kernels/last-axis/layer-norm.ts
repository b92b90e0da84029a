import { input, type SimdKernel, sizeOf } from "../../heap/simd-kernel.ts";

/** Computes layer norm over the last axis. Outputs y, and per row the mean and 1/σ for the gradient. */
export const layerNorm: SimdKernel = (call) => {
  const { heap, attrs } = call;
  const x = input(call, "x");
  const columns = x.shape.at(-1) as number;
  const rows = sizeOf(x.shape) / columns;
  const [y, mean, rsigma] = [heap.output(x.shape), heap.output([rows]), heap.output([rows])];
  const addresses = [x, input(call, "gamma"), input(call, "beta"), y, mean, rsigma].map((t) => heap.address(t));
  heap.share("layerNorm", rows, { cost: 6 * columns }, (from, to) => [
    ...addresses,
    columns,
    attrs.epsilon as number,
    from,
    to,
  ]);
  return [y, mean, rsigma];
};

/** Computes the gradients of {@link layerNorm}: dx, dgamma, dbeta. */
export const layerNormGradient: SimdKernel = (call) => {
  const { heap } = call;
  const x = input(call, "x");
  const columns = x.shape.at(-1) as number;
  const rows = sizeOf(x.shape) / columns;
  const [dx, dgamma, dbeta] = [heap.output(x.shape), heap.output([columns]), heap.output([columns])];
  const names = ["x", "dy", "gamma", "mean", "rsigma"].map((name) => heap.address(input(call, name)));
  heap.call("layerNormGradient", ...names, heap.address(dx), heap.address(dgamma), heap.address(dbeta), rows, columns);
  return [dx, dgamma, dbeta];
};

import { input, isFloat, type SimdKernel, sizeOf } from "../../heap/simd-kernel.ts";
import { eachNumber } from "../../threads/work-sharing.ts";

/** Makes the kernel of a function of one tensor. */
function unary(kernel: string, cost: number): SimdKernel {
  return (call) => {
    const { heap } = call;
    const x = input(call, "x");
    if (!isFloat(x)) return undefined;
    const y = heap.output(x.shape);
    const [px, py] = [heap.address(x), heap.address(y)];
    heap.share(kernel, sizeOf(x.shape), eachNumber(cost), (from, to) => [px + 4 * from, py + 4 * from, to - from]);
    return y;
  };
}

/** Makes the kernel of a gradient that needs a saved tensor `v` and `dy`. */
function gradient(kernel: string, cost: number, ...rest: readonly number[]): SimdKernel {
  return (call) => {
    const { heap } = call;
    const [v, dy] = [input(call, "v"), input(call, "dy")];
    if (!isFloat(v, dy)) return undefined;
    const dx = heap.output(v.shape);
    const [pv, pd, px] = [heap.address(v), heap.address(dy), heap.address(dx)];
    heap.share(kernel, sizeOf(v.shape), eachNumber(cost), (from, to) => [
      pv + 4 * from,
      pd + 4 * from,
      px + 4 * from,
      to - from,
      ...rest,
    ]);
    return dx;
  };
}

export const exp: SimdKernel = unary("exp", 6);
export const tanh: SimdKernel = unary("tanh", 10);
export const sigmoid: SimdKernel = unary("sigmoid", 10);
export const selu: SimdKernel = unary("selu", 8);
export const sign: SimdKernel = unary("sign", 2);
export const erf: SimdKernel = unary("erf", 10);
export const gelu: SimdKernel = unary("gelu", 12);
export const geluGradient: SimdKernel = gradient("geluGradient", 16);
export const geluErf: SimdKernel = unary("geluErf", 14);
export const geluErfGradient: SimdKernel = gradient("geluErfGradient", 22);
export const tanhGradient: SimdKernel = gradient("tanhGradient", 3);
export const sigmoidGradient: SimdKernel = gradient("sigmoidGradient", 3);

/** Exponents that need no logarithm. */
const EASY_POWERS = [0.5, 1, 2, 3, -1];

/** Raises x to one easy power. Other exponents go to stock, which computes logarithms in a scalar loop. */
export const pow: SimdKernel = (call) => {
  const { heap } = call;
  const [x, exponents] = [input(call, "a"), input(call, "b")];
  if (!isFloat(x, exponents) || sizeOf(exponents.shape) !== 1 || exponents.shape.length > x.shape.length)
    return undefined;
  const exponent = heap.floats(exponents, 1)[0] as number;
  if (!EASY_POWERS.includes(exponent)) return undefined;
  const y = heap.output(x.shape);
  const [px, py] = [heap.address(x), heap.address(y)];
  heap.share("power", sizeOf(x.shape), eachNumber(2), (from, to) => [
    px + 4 * from,
    py + 4 * from,
    to - from,
    exponent,
  ]);
  return y;
};

/**
 * Computes dy if `v` lies between the attributes `low` and `high`, else 0. `closedLow` and `closedHigh` say whether a bound
 * itself counts as inside. With `product`, dy is multiplied by 1 or 0, so that a NaN of dy or v stays NaN, as in tfjs's
 * gradients of relu and relu6.
 */
export const gateGradient: SimdKernel = (call) => {
  const { low, high, closedLow, closedHigh, product } = call.attrs as unknown as {
    readonly low: number;
    readonly high: number;
    readonly closedLow: boolean;
    readonly closedHigh: boolean;
    readonly product: boolean;
  };
  return gradient("gateGradient", 3, low, high, Number(closedLow), Number(closedHigh), Number(product))(call);
};

/** Computes dropout with a seeded, counter-based generator. With dy as `x` it is its own gradient. */
export const dropout: SimdKernel = (call) => {
  const { heap } = call;
  const x = input(call, "x");
  if (!isFloat(x)) return undefined;
  const { rate, seed } = call.attrs as unknown as { readonly rate: number; readonly seed: number };
  const y = heap.output(x.shape);
  heap.call(
    "dropout",
    heap.address(x),
    heap.address(y),
    sizeOf(x.shape),
    seed,
    Math.floor(rate * 2 ** 32),
    1 / (1 - rate),
  );
  return y;
};

import * as tf from "@tensorflow/tfjs-core";

/** Kernels of average pooling, with the kernels of their gradients. */
const GRADIENTS: Readonly<Record<string, string>> = { AvgPool: "AvgPoolGrad", AvgPool3D: "AvgPool3DGrad" };
export const AVERAGE_POOLS: readonly string[] = Object.keys(GRADIENTS);

/** Whether the gradient kernel of the current backend divides as the forward pass does. Graft brings the one for wasm. */
const divides = (kernelName: string): boolean =>
  tf.getBackend() === "tensorflow" || (tf.getBackend() === "wasm" && kernelName === "AvgPool");

/** The windows along one axis. */
interface Windows {
  readonly filter: number;
  readonly stride: number;
  /** Number of windows. */
  readonly count: number;
  /** Elements of the axis, and places of the first window before it. */
  readonly size: number;
  readonly before: number;
}

/**
 * Divides the gradient of an average by the number of elements that it was taken from. The cpu, webgl and webgpu backends of tfjs, and wasm in 3-D,
 * divide by the size of the whole window, although a window that passes the edge of the picture averages fewer elements.
 */
export function dividedByElements(stock: tf.GradFunc, kernelName: string): tf.GradFunc {
  return (dy, saved, attrs) => {
    const [x] = saved as [tf.Tensor];
    const pool = attrs as unknown as PoolAttrs;
    const axes = windows(x, pool);
    // Gradients of 2-D pools ignore the rounding mode.
    const right = divides(kernelName) && !pool.dimRoundingMode;
    if (right || axes.every(staysInside)) return stock(dy, saved, attrs);
    return {
      x: () => {
        const share = axes.reduce<tf.Tensor>((all, axis, i) => tf.mul(all, shares(axis, i, axes.length)), tf.scalar(1));
        // No window passes the edge of this larger picture, so every kernel divides by the same number.
        const padded = [x.shape[0] as number, ...axes.map(reach), x.shape.at(-1) as number];
        const inputs = { dy: tf.mul(dy as tf.Tensor, share), input: tf.zeros(padded) };
        const larger = tf
          .engine()
          .runKernel<tf.Tensor>(GRADIENTS[kernelName] as string, inputs, { ...attrs, pad: "valid" } as tf.NamedAttrMap);
        return tf.slice(larger, [0, ...axes.map(({ before }) => before), 0], x.shape);
      },
    };
  };
}

interface PoolAttrs {
  readonly filterSize: number | number[];
  readonly strides: number | number[];
  readonly pad: "valid" | "same" | number;
  readonly dimRoundingMode?: "floor" | "round" | "ceil";
}

function windows(x: tf.Tensor, { filterSize, strides, pad, dimRoundingMode }: PoolAttrs): readonly Windows[] {
  const { backend_util: util } = tf;
  if (x.rank === 4) {
    const shape = x.shape as [number, number, number, number];
    const i = util.computePool2DInfo(shape, filterSize as number, strides as number, 1, pad, dimRoundingMode);
    return [
      { filter: i.filterHeight, stride: i.strideHeight, count: i.outHeight, size: i.inHeight, before: i.padInfo.top },
      { filter: i.filterWidth, stride: i.strideWidth, count: i.outWidth, size: i.inWidth, before: i.padInfo.left },
    ];
  }
  const shape = x.shape as [number, number, number, number, number];
  const i = util.computePool3DInfo(shape, filterSize as number, strides as number, 1, pad, dimRoundingMode);
  return [
    { filter: i.filterDepth, stride: i.strideDepth, count: i.outDepth, size: i.inDepth, before: i.padInfo.front },
    { filter: i.filterHeight, stride: i.strideHeight, count: i.outHeight, size: i.inHeight, before: i.padInfo.top },
    { filter: i.filterWidth, stride: i.strideWidth, count: i.outWidth, size: i.inWidth, before: i.padInfo.left },
  ];
}

const staysInside = ({ filter, stride, count, size, before }: Windows): boolean =>
  before === 0 && (count - 1) * stride + filter <= size;

/** Size of the axis with the places before and after it that the windows reach. */
const reach = ({ filter, stride, count, size, before }: Windows): number =>
  Math.max(before + size, (count - 1) * stride + filter);

/** Size of each window over the number of its elements, as a tensor that broadcasts along the other axes. */
function shares({ filter, stride, count, size, before }: Windows, axis: number, axes: number): tf.Tensor {
  const values = Float32Array.from({ length: count }, (_, i) => {
    const start = i * stride - before;
    return filter / (Math.min(start + filter, size) - Math.max(start, 0));
  });
  return tf.tensor(values, [1, ...Array.from({ length: axes }, (_, i) => (i === axis ? count : 1)), 1]);
}

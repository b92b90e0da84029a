import * as tf from "@tensorflow/tfjs-core";

type Shape = readonly number[];
type Call = Parameters<tf.KernelFunc>[0];

const attribute =
  (name: string) =>
  ({ attrs }: Call): Shape =>
    attrs?.[name] as number[];
const convolved =
  (depthwise: boolean) =>
  ({ inputs, attrs }: Call): Shape =>
    tf.backend_util.computeConv2DInfo(
      inputs.x?.shape as [number, number, number, number],
      inputs.filter?.shape as [number, number, number, number],
      attrs?.strides as number,
      // tfjs-layers may leave it null.
      (attrs?.dilations as number | null) ?? 1,
      attrs?.pad as number,
      attrs?.dimRoundingMode as "floor",
      depthwise,
    ).outShape;

/** The kernels that take minutes in plain JavaScript, and the shape of each one's result. */
const SHAPES: Readonly<Record<string, (call: Call) => Shape>> = {
  Conv2D: convolved(false),
  FusedConv2D: convolved(false),
  Conv2DBackpropInput: attribute("inputShape"),
  Conv2DBackpropFilter: attribute("filterShape"),
  DepthwiseConv2dNative: convolved(true),
  FusedDepthwiseConv2D: convolved(true),
  DepthwiseConv2dNativeBackpropInput: attribute("inputShape"),
  DepthwiseConv2dNativeBackpropFilter: attribute("filterShape"),
};

/**
 * Runs `work` while convolutions on the cpu backend return zeros of the right shape. For work whose values do not matter. The
 * stock kernels are registered again afterwards.
 */
export async function withoutConvolutions<T>(work: () => Promise<T>): Promise<T> {
  const stock = Object.keys(SHAPES).flatMap((name) => tf.getKernel(name, "cpu") ?? []);
  const swap = (kernels: readonly tf.KernelConfig[]): void => {
    for (const kernel of kernels) {
      tf.unregisterKernel(kernel.kernelName, "cpu");
      tf.registerKernel(kernel);
    }
  };
  swap(stock.map((kernel) => ({ ...kernel, kernelFunc: zerosOf(SHAPES[kernel.kernelName] as (call: Call) => Shape) })));
  try {
    return await work();
  } finally {
    swap(stock);
  }
}

/** A method that every backend of tfjs has, but that is not in its types: it makes a tensor without running an op. */
interface TensorMaker {
  makeTensorInfo(shape: number[], dtype: "float32", values: Float32Array): tf.TensorInfo;
}

function zerosOf(shapeOf: (call: Call) => Shape): tf.KernelFunc {
  return (call) => {
    const shape = [...shapeOf(call)];
    return (call.backend as TensorMaker).makeTensorInfo(
      shape,
      "float32",
      new Float32Array(shape.reduce((size, side) => size * side, 1)),
    );
  };
}

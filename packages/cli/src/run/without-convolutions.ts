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
      // Layers leave it null.
      (attrs?.dilations as number | null) ?? 1,
      attrs?.pad as number,
      attrs?.dimRoundingMode as "floor",
      depthwise,
    ).outShape;

/** The kernels in which plain JavaScript spends minutes, and the shape of what they give. */
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

/** Does `work` on the cpu backend with convolutions that give zeros of the right shape: for what is not about numbers. */
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

/** What every backend has beside its public methods: a tensor without an op that makes it. */
interface Maker {
  makeTensorInfo(shape: number[], dtype: "float32", values: Float32Array): tf.TensorInfo;
}

function zerosOf(shapeOf: (call: Call) => Shape): tf.KernelFunc {
  return (call) => {
    const shape = [...shapeOf(call)];
    return (call.backend as Maker).makeTensorInfo(
      shape,
      "float32",
      new Float32Array(shape.reduce((size, side) => size * side, 1)),
    );
  };
}

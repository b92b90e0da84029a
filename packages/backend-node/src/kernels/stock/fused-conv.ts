import type { KernelFunc, TensorInfo } from "@tensorflow/tfjs-core";
import type { Native } from "../native.ts";

/** TensorFlow's operations for activations without parameters. */
const ACTIVATIONS: Readonly<Record<string, string>> = { relu: "Relu", relu6: "Relu6", elu: "Elu", sigmoid: "Sigmoid" };

/** Convolutions that tfjs fuses with a bias and an activation. */
type Fusable = "FusedConv2D" | "FusedDepthwiseConv2D";
type Stock = Readonly<Record<Fusable | "Conv2D" | "DepthwiseConv2dNative", KernelFunc>>;

/**
 * Makes kernels that compute convolution, bias and activation by three operations of TensorFlow. TensorFlow's `_FusedConv2D`
 * cannot be used, because it takes a list of strings as an attribute and tfjs-node's binding cannot pass one.
 */
export function fusedConvKernels(native: Native, stock: Stock): Readonly<Record<Fusable, KernelFunc>> {
  const { attr, free, id, info, execute } = native;
  const fused =
    (plain: KernelFunc, whole: KernelFunc): KernelFunc =>
    (args) => {
      const { bias } = args.inputs as { bias?: TensorInfo };
      const { activation = "linear", dataFormat = "NHWC" } = args.attrs as { activation?: string; dataFormat?: string };
      const operation = ACTIVATIONS[activation];
      const x = args.inputs.x as TensorInfo;
      if (
        (operation === undefined && activation !== "linear") ||
        dataFormat !== "NHWC" ||
        x.dtype !== "float32" ||
        (bias && bias.shape.length !== 1)
      )
        return whole(args);
      const convolved = plain({ ...args, inputs: { x, filter: args.inputs.filter as TensorInfo } }) as TensorInfo;
      if (!bias && operation === undefined) return convolved;
      const sum = bias
        ? execute("BiasAdd", [...attr.float, attr.text("data_format", "NHWC")], [id(convolved), id(bias)])
        : undefined;
      const result = operation === undefined ? undefined : execute(operation, attr.float, [sum?.id ?? id(convolved)]);
      if (result) free(sum);
      native.backend.disposeData(convolved.dataId);
      return info((result ?? sum) as NonNullable<typeof sum>);
    };
  return {
    FusedConv2D: fused(stock.Conv2D, stock.FusedConv2D),
    FusedDepthwiseConv2D: fused(stock.DepthwiseConv2dNative, stock.FusedDepthwiseConv2D),
  };
}

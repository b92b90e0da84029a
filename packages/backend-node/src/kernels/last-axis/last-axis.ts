import { type Registration, replaceKernels } from "@graftjs/backend";
import type { KernelFunc, TensorInfo } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import { TENSORFLOW } from "../../load/backend-name.ts";
import type { GraftNative } from "../native.ts";

type Inputs<N extends string> = Readonly<Record<N, TensorInfo>>;
const inputsOf = <N extends string>(args: Parameters<KernelFunc>[0]): Inputs<N> => args.inputs as unknown as Inputs<N>;

/** Makes the kernels for gelu, layer norm and softmax, each in one pass. `stock` computes softmax of other dtypes. */
export function lastAxisKernels(
  { id, info, runGraft }: GraftNative,
  stock: { readonly Softmax: KernelFunc },
): Readonly<Record<string, KernelFunc>> {
  const one = (kernel: Parameters<typeof runGraft>[0], inputs: readonly TensorInfo[], numbers: number[] = []) => {
    const [x] = inputs as [TensorInfo];
    return info(runGraft(kernel, inputs.map(id), numbers, [x.shape])[0] as ReturnType<typeof runGraft>[0]);
  };
  const gelu =
    (isExact: boolean): KernelFunc =>
    (args) => {
      const { x } = inputsOf<"x">(args);
      return info(runGraft("gelu", [id(x), -1], [Number(isExact)], [x.shape])[0] as ReturnType<typeof runGraft>[0]);
    };
  const geluGrad =
    (isExact: boolean): KernelFunc =>
    (args) => {
      const { v, dy } = inputsOf<"v" | "dy">(args);
      return one("gelu", [v, dy], [Number(isExact)]);
    };
  return {
    GraftGelu: gelu(false),
    GraftGeluGrad: geluGrad(false),
    GraftGeluErf: gelu(true),
    GraftGeluErfGrad: geluGrad(true),
    GraftLayerNorm: (args) => {
      const { x, gamma, beta } = inputsOf<"x" | "gamma" | "beta">(args);
      const { epsilon } = args.attrs as { epsilon: number };
      const rows = [tf.util.sizeFromShape(x.shape.slice(0, -1))];
      const ids = [x, gamma, beta].map(id);
      return runGraft("layerNorm", ids, [epsilon], [x.shape, rows, rows]).map((output) => info(output));
    },
    GraftLayerNormGrad: (args) => {
      const { x, dy, gamma, mean, rsigma } = inputsOf<"x" | "dy" | "gamma" | "mean" | "rsigma">(args);
      const ids = [x, dy, gamma, mean, rsigma].map(id);
      return runGraft("layerNormGrad", ids, [], [x.shape, gamma.shape, gamma.shape]).map((output) => info(output));
    },
    GraftSoftmaxGrad: (args) => {
      const { v, dy } = inputsOf<"v" | "dy">(args);
      return one("softmaxGrad", [v, dy]);
    },
    Softmax: (args) => {
      const { logits } = inputsOf<"logits">(args);
      const { dim } = args.attrs as { dim: number };
      const isOurs = logits.dtype === "float32" && dim === logits.shape.length - 1 && !logits.shape.includes(0);
      return isOurs ? one("softmax", [logits]) : stock.Softmax(args);
    },
  };
}

const run = (name: string, inputs: Readonly<Record<string, tf.Tensor | undefined>>): tf.Tensor | tf.Tensor[] =>
  tf.engine().runKernel(name, inputs as tf.NamedTensorMap);

/** Gradients of kernels that only Graft has. They call kernels of the current backend. */
const GRADIENTS: readonly tf.GradConfig[] = [
  {
    kernelName: "GraftLayerNorm",
    inputsToSave: ["x", "gamma"],
    outputsToSave: [false, true, true],
    gradFunc: (dys, [x, gamma, mean, rsigma]) => {
      // Compute all three once, before tfjs asks for each in a scope of its own.
      const inputs = { x, dy: (dys as tf.Tensor[])[0], gamma, mean, rsigma };
      const [dx, dgamma, dbeta] = run("GraftLayerNormGrad", inputs) as [tf.Tensor, tf.Tensor, tf.Tensor];
      return { x: () => dx, gamma: () => dgamma, beta: () => dbeta };
    },
  },
  ...["GraftGelu", "GraftGeluErf"].map(
    (kernelName): tf.GradConfig => ({
      kernelName,
      inputsToSave: ["x"],
      gradFunc: (dy, [v]) => ({ x: () => run(`${kernelName}Grad`, { v, dy: dy as tf.Tensor }) as tf.Tensor }),
    }),
  ),
];

/**
 * Registers {@link lastAxisKernels} and the gradients of those that only Graft has. tfjs has one table of gradients for all backends. If
 * another backend of Graft has registered them, its entries serve this backend too.
 */
export function registerLastAxis(native: GraftNative, stock: { readonly Softmax: KernelFunc }): Registration {
  const kernels = replaceKernels(TENSORFLOW, lastAxisKernels(native, stock));
  const added = GRADIENTS.filter(({ kernelName }) => tf.getGradient(kernelName) === undefined);
  for (const gradient of added) tf.registerGradient(gradient);
  return {
    dispose() {
      for (const gradient of added)
        if (tf.getGradient(gradient.kernelName) === gradient) tf.unregisterGradient(gradient.kernelName);
      kernels.dispose();
    },
  };
}

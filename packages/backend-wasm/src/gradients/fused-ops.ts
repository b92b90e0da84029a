import * as tf from "@tensorflow/tfjs-core";
import { runKernel, type WasmGradient } from "../tfjs-registry/gradients.ts";

type Tensors = tf.Tensor[];

/** Gradients of our own kernels. If several inputs share one pass, it runs immediately, within the tape's scope. */
export const fusedOpGradients: readonly WasmGradient[] = [
  {
    kernelName: "GraftBatchNormTraining",
    inputsToSave: ["x", "scale"],
    outputsToSave: [false, true, true],
    gradFunc: (dys, [x, scale, mean, variance], { varianceEpsilon }) => {
      const dy = (dys as unknown as Tensors)[0];
      const [dx, dscale, doffset] = runKernel<Tensors>(
        "GraftBatchNormTrainingGrad",
        { x, dy, scale, mean, variance },
        { varianceEpsilon },
      );
      return { x: () => dx as tf.Tensor, scale: () => dscale as tf.Tensor, offset: () => doffset as tf.Tensor };
    },
  },
  {
    kernelName: "GraftLayerNorm",
    inputsToSave: ["x", "gamma"],
    outputsToSave: [false, true, true],
    gradFunc: (dys, [x, gamma, mean, rsigma]) => {
      const dy = (dys as unknown as Tensors)[0];
      const [dx, dgamma, dbeta] = runKernel<Tensors>("GraftLayerNormGrad", { x, dy, gamma, mean, rsigma });
      return { x: () => dx as tf.Tensor, gamma: () => dgamma as tf.Tensor, beta: () => dbeta as tf.Tensor };
    },
  },
  {
    kernelName: "GraftGelu",
    inputsToSave: ["x"],
    gradFunc: (dy, [x]) => ({ x: () => runKernel("GraftGeluGrad", { v: x, dy }) }),
  },
  {
    kernelName: "GraftGeluErf",
    inputsToSave: ["x"],
    gradFunc: (dy, [x]) => ({ x: () => runKernel("GraftGeluErfGrad", { v: x, dy }) }),
  },
  {
    kernelName: "GraftDropout",
    inputsToSave: [],
    gradFunc: (dy, _, attrs) => ({ x: () => runKernel("GraftDropout", { x: dy }, attrs) }),
  },
  {
    kernelName: "GraftSoftmaxCrossEntropy",
    inputsToSave: ["targets"],
    outputsToSave: [false, true],
    gradFunc: (dys, [targets, softmax]) => {
      const dy = (dys as unknown as Tensors)[0];
      return {
        logits: () => runKernel("GraftSoftmaxCrossEntropyGrad", { softmax, targets, dy }),
        targets: () => tf.zerosLike(targets as tf.Tensor),
      };
    },
  },
  {
    kernelName: "GraftConv2D",
    inputsToSave: ["x", "filter"],
    outputsToSave: [true],
    gradFunc: (dy, [x, filter, y], attrs) => {
      const { activation } = attrs as unknown as { readonly activation: string };
      const dz =
        activation === "linear"
          ? dy
          : (runKernel<Tensors>("GraftActivationGrad", { dy, y }, { activation })[0] as tf.Tensor);
      return {
        x: () => runKernel("Conv2DBackpropInput", { dy: dz, filter }, { ...attrs, inputShape: x?.shape }),
        filter: () => runKernel("Conv2DBackpropFilter", { x, dy: dz }, { ...attrs, filterShape: filter?.shape }),
        bias: () => tf.sum(dz, [0, 1, 2]),
      };
    },
  },
];

import type { SimdKernel } from "../heap/simd-kernel.ts";
import { activationGradient } from "./activation.ts";
import * as norm from "./batch-norm.ts";
import { batchNormTraining, batchNormTrainingGradient } from "./batch-norm-training.ts";
import * as clamp from "./clamp.ts";
import * as conv from "./conv-gradients.ts";
import { conv2d, fusedConv2d } from "./conv-forward.ts";
import { gather, reverse, stridedSlice, tile } from "./copies.ts";
import * as elementwise from "./elementwise.ts";
import { maximum, minimum } from "./maximum-minimum.ts";
import * as layer from "./layer-norm.ts";
import { batchMatMul, fusedMatMul } from "./matmul.ts";
import { avgPoolGradient, maxPoolGradient } from "./pool-gradients.ts";
import { avgPool, maxPool } from "./pool-forward.ts";
import { mean, sum } from "./reduce.ts";
import { segmentSum } from "./segment-sum.ts";
import * as softmax from "./softmax.ts";
import { transpose } from "./transpose.ts";

/** tfjs's kernels that stock wasm lacks, gets wrong, or computes by a scalar loop. */
export const simdKernels: { readonly [kernelName: string]: SimdKernel } = {
  AvgPool: avgPool,
  AvgPoolGrad: avgPoolGradient,
  BatchMatMul: batchMatMul,
  ClipByValue: clamp.clipByValue,
  Conv2D: conv2d,
  Conv2DBackpropFilter: conv.convFilterGradient,
  Conv2DBackpropInput: conv.convInputGradient,
  DepthwiseConv2dNativeBackpropFilter: conv.depthwiseFilterGradient,
  DepthwiseConv2dNativeBackpropInput: conv.depthwiseInputGradient,
  Erf: elementwise.erf,
  Exp: elementwise.exp,
  FusedBatchNorm: norm.batchNorm,
  FusedConv2D: (call) => fusedConv2d(call) ?? clamp.fusedConv2d(call),
  FusedDepthwiseConv2D: clamp.fusedDepthwise,
  GatherV2: gather,
  MaxPool: maxPool,
  MaxPoolGrad: maxPoolGradient,
  Maximum: maximum,
  Mean: mean,
  Minimum: minimum,
  Pow: elementwise.pow,
  Relu: clamp.relu,
  Relu6: clamp.relu6,
  Reverse: reverse,
  Selu: elementwise.selu,
  Sigmoid: elementwise.sigmoid,
  Sign: elementwise.sign,
  Softmax: softmax.softmax,
  StridedSlice: stridedSlice,
  Sum: sum,
  Tanh: elementwise.tanh,
  Tile: tile,
  Transpose: transpose,
  UnsortedSegmentSum: segmentSum,
  _FusedMatMul: fusedMatMul,
};

/** Kernels of our own, which fused ops and gradients call by name. */
export const fusedKernels: { readonly [kernelName: string]: SimdKernel } = {
  GraftActivationGrad: activationGradient,
  GraftBatchNorm: norm.batchNorm,
  GraftBatchNormGrad: norm.batchNormGradient,
  GraftBatchNormTraining: batchNormTraining,
  GraftBatchNormTrainingGrad: batchNormTrainingGradient,
  GraftDropout: elementwise.dropout,
  GraftGateGrad: elementwise.gateGradient,
  GraftGelu: elementwise.gelu,
  GraftGeluGrad: elementwise.geluGradient,
  GraftLayerNorm: layer.layerNorm,
  GraftLayerNormGrad: layer.layerNormGradient,
  GraftSigmoidGrad: elementwise.sigmoidGradient,
  GraftSoftmaxCrossEntropy: softmax.softmaxCrossEntropy,
  GraftSoftmaxCrossEntropyGrad: softmax.softmaxCrossEntropyGradient,
  GraftSoftmaxGrad: softmax.softmaxGradient,
  GraftTanhGrad: elementwise.tanhGradient,
};

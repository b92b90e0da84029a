import type { SimdKernel } from "../heap/simd-kernel.ts";
import { batchNormTraining, batchNormTrainingGradient } from "./batch-norm/batch-statistics.ts";
import * as norm from "./batch-norm/given-statistics.ts";
import { conv2d, fusedConv2d } from "./conv/forward.ts";
import { clampedConv2d, clampedDepthwise } from "./conv/fused.ts";
import * as conv from "./conv/gradients.ts";
import { gather, reverse, stridedSlice, tile } from "./copies/strided-copies.ts";
import { transpose } from "./copies/transpose.ts";
import { activationGradient } from "./elementwise/activation.ts";
import * as clamp from "./elementwise/clamp.ts";
import * as elementwise from "./elementwise/functions.ts";
import { maximum, minimum } from "./elementwise/maximum-minimum.ts";
import * as layer from "./last-axis/layer-norm.ts";
import * as softmax from "./last-axis/softmax.ts";
import { batchMatMul, fusedMatMul } from "./matmul/matmul.ts";
import { avgPool, maxPool } from "./pool/forward.ts";
import { avgPoolGradient, maxPoolGradient } from "./pool/gradients.ts";
import { segmentSum } from "./sums/segment-sum.ts";
import { mean, sum } from "./sums/sum-mean.ts";

/** Kernels of tfjs that stock wasm lacks, computes wrongly, or computes in a scalar loop. */
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
  FusedConv2D: (call) => fusedConv2d(call) ?? clampedConv2d(call),
  FusedDepthwiseConv2D: clampedDepthwise,
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

/** Kernels with names of our own, which fused ops and gradients call. */
export const fusedKernels: { readonly [kernelName: string]: SimdKernel } = {
  GraftActivationGrad: activationGradient,
  GraftBatchNorm: norm.batchNorm,
  GraftBatchNormGrad: norm.batchNormGradient,
  GraftBatchNormTraining: batchNormTraining,
  GraftBatchNormTrainingGrad: batchNormTrainingGradient,
  GraftDropout: elementwise.dropout,
  GraftGateGrad: elementwise.gateGradient,
  GraftGelu: elementwise.gelu,
  GraftGeluErf: elementwise.geluErf,
  GraftGeluErfGrad: elementwise.geluErfGradient,
  GraftGeluGrad: elementwise.geluGradient,
  GraftLayerNorm: layer.layerNorm,
  GraftLayerNormGrad: layer.layerNormGradient,
  GraftSigmoidGrad: elementwise.sigmoidGradient,
  GraftSoftmaxCrossEntropy: softmax.softmaxCrossEntropy,
  GraftSoftmaxCrossEntropyGrad: softmax.softmaxCrossEntropyGradient,
  GraftSoftmaxGrad: softmax.softmaxGradient,
  GraftTanhGrad: elementwise.tanhGradient,
};

// The kernels, one file an idea. scripts/build-kernels.ts compiles this twice: with and without relaxed SIMD.
export { affine, batchNormInputGradient, channelGradientSums, channelMoments, frozenBatchNormGradient } from "./batch-norm";
export { convFilterGradient } from "./conv-filter";
export { convForward } from "./conv-forward";
export { convInputGradient } from "./conv-input";
export { copyRows, gatherRows } from "./copies";
export { depthwiseFilterGradient } from "./depthwise-filter";
export { depthwiseInputGradient } from "./depthwise-input";
export { dropout } from "./dropout";
export {
  clamp, erf, exp, extremum, gateGradient, gelu, geluGradient, power, selu, sigmoid, sigmoidGradient, sign, tanh, tanhGradient,
} from "./elementwise";
export { addBias, gemm, gemmBatched } from "./gemm";
export { layerNorm, layerNormGradient } from "./layer-norm";
export { adam, combinedLargest, combinedSumOfSquares, descend, lambApply, lambMoments, lambStep, lambWeights, momentum, scaleInto, sgd } from "./optimizers";
export { avgPoolGradient, maxPoolGradient } from "./pool";
export { avgPool, maxPool } from "./pool-forward";
export { columnSums, rowSums, sumOfSquares } from "./reduce";
export { segmentSum } from "./rows";
export { softmax, softmaxCrossEntropy, softmaxCrossEntropyGradient, softmaxGradient } from "./softmax";
export { scratchBytes } from "./tile";
export { swapRows, transpose } from "./transpose";
export { winogradConv } from "./winograd-conv";
export { winogradFilter } from "./winograd-filter";
export { winogradFilterGradient, winogradFilterSums } from "./winograd-gradient";

import * as tf from "@tensorflow/tfjs-core";
import { both, forward, type OpCase, of } from "./case.ts";

type X = tf.Tensor4D;
type V = tf.Tensor5D;

/** Convolutions, pooling, normalization, resizing. */
export const spatial: readonly OpCase[] = [
  both("conv2d same", [of("any", 2, 6, 7, 3), of("any", 3, 3, 3, 4)], (x, w) => tf.conv2d(x as X, w as X, 1, "same")),
  both("conv2d stride", [of("any", 2, 7, 7, 4), of("any", 3, 3, 4, 8)], (x, w) => tf.conv2d(x as X, w as X, 2, "same")),
  both("conv2d valid", [of("any", 1, 7, 6, 2), of("any", 2, 3, 2, 3)], (x, w) =>
    tf.conv2d(x as X, w as X, [2, 1], "valid"),
  ),
  both("conv2d 1×1", [of("any", 2, 4, 4, 8), of("any", 1, 1, 8, 4)], (x, w) => tf.conv2d(x as X, w as X, 1, "same")),
  both("conv2d full", [of("any", 2, 4, 4, 3), of("any", 4, 4, 3, 5)], (x, w) => tf.conv2d(x as X, w as X, 1, "valid")),
  forward("conv2d dilated", [of("any", 2, 8, 8, 3), of("any", 3, 3, 3, 4)], (x, w) =>
    tf.conv2d(x as X, w as X, 1, "same", "NHWC", 2),
  ),
  both("conv2dTranspose", [of("any", 2, 4, 4, 3), of("any", 3, 3, 2, 3)], (x, w) =>
    tf.conv2dTranspose(x as X, w as X, [2, 8, 8, 2], 2, "same"),
  ),
  both("conv1d", [of("any", 2, 9, 3), of("any", 3, 3, 4)], (x, w) =>
    tf.conv1d(x as tf.Tensor3D, w as tf.Tensor3D, 1, "same"),
  ),
  both("conv3d", [of("any", 1, 4, 4, 4, 2), of("any", 2, 2, 2, 2, 3)], (x, w) => tf.conv3d(x as V, w as V, 1, "same")),
  both("depthwise", [of("any", 2, 6, 6, 4), of("any", 3, 3, 4, 1)], (x, w) =>
    tf.depthwiseConv2d(x as X, w as X, 1, "same"),
  ),
  both("depthwise stride", [of("any", 2, 7, 7, 3), of("any", 3, 3, 3, 2)], (x, w) =>
    tf.depthwiseConv2d(x as X, w as X, 2, "same"),
  ),
  both("separableConv2d", [of("any", 2, 6, 6, 3), of("any", 3, 3, 3, 1), of("any", 1, 1, 3, 4)], (x, d, p) =>
    tf.separableConv2d(x as X, d as X, p as X, 1, "same"),
  ),
  both("fused conv2d relu", [of("any", 2, 6, 6, 3), of("any", 3, 3, 3, 4), of("any", 4)], (x, w, bias) =>
    tf.fused.conv2d({
      x: x as X,
      filter: w as X,
      bias: bias as tf.Tensor,
      strides: 1,
      pad: "same",
      activation: "relu",
    }),
  ),
  both("fused depthwise relu6", [of("any", 2, 6, 6, 3), of("any", 3, 3, 3, 1), of("any", 3)], (x, w, bias) =>
    tf.fused.depthwiseConv2d({
      x: x as X,
      filter: w as X,
      bias: bias as tf.Tensor,
      strides: 1,
      pad: "same",
      activation: "relu6",
    }),
  ),
  both("maxPool", [of("spread", 2, 6, 6, 3)], (x) => tf.maxPool(x as X, 2, 2, "same")),
  both("maxPool overlapping", [of("spread", 2, 7, 7, 3)], (x) => tf.maxPool(x as X, 3, 2, "same")),
  both("avgPool", [of("any", 2, 6, 6, 3)], (x) => tf.avgPool(x as X, 2, 2, "same")),
  both("avgPool overlapping", [of("any", 2, 7, 7, 3)], (x) => tf.avgPool(x as X, 3, 2, "same")),
  both("maxPool3d", [of("spread", 1, 4, 4, 4, 2)], (x) => tf.maxPool3d(x as V, 2, 2, "same")),
  both("avgPool3d", [of("any", 1, 4, 4, 4, 2)], (x) => tf.avgPool3d(x as V, 2, 2, "same")),
  both("dilation2d", [of("spread", 1, 6, 6, 2), of("unit", 3, 3, 2)], (x, w) =>
    tf.dilation2d(x as X, w as tf.Tensor3D, [1, 1], "same"),
  ),
  both("dilation2d stride", [of("spread", 2, 7, 6, 2), of("unit", 2, 3, 2)], (x, w) =>
    tf.dilation2d(x as X, w as tf.Tensor3D, [2, 1], "valid"),
  ),
  both("dilation2d dilated", [of("spread", 2, 7, 6, 2), of("unit", 3, 2, 2)], (x, w) =>
    tf.dilation2d(x as X, w as tf.Tensor3D, 1, "same", [2, 3]),
  ),
  both(
    "batchNorm",
    [of("any", 2, 4, 4, 3), of("any", 3), of("positive", 3), of("any", 3), of("any", 3)],
    (x, m, v, o, s) =>
      tf.batchNorm4d(x as X, m as tf.Tensor1D, v as tf.Tensor1D, o as tf.Tensor1D, s as tf.Tensor1D, 1e-3),
  ),
  both("localResponseNormalization", [of("any", 1, 3, 3, 6)], (x) => tf.localResponseNormalization(x as X, 2)),
  // Use a square input, because the gradient of cpu, the reference, swaps height and width.
  both("resizeBilinear", [of("any", 2, 5, 5, 3)], (x) => tf.image.resizeBilinear(x as X, [7, 7])),
  both("resizeBilinear corners", [of("any", 2, 5, 5, 3)], (x) => tf.image.resizeBilinear(x as X, [3, 3], true)),
  // Use one image, because the gradient of cpu steps through the batch with a wrong stride.
  both("resizeNearestNeighbor", [of("any", 1, 4, 5, 3)], (x) => tf.image.resizeNearestNeighbor(x as X, [8, 10])),
  both("resizeNearestNeighbor corners", [of("any", 1, 4, 5, 2)], (x) =>
    tf.image.resizeNearestNeighbor(x as X, [3, 9], true),
  ),
];

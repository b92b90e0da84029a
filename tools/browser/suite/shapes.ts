import * as tf from "@tensorflow/tfjs-core";
import { both, forward, type OpCase, of } from "./case.ts";

type One = tf.Tensor;

/** Ops that move numbers and do not compute. */
export const shapes: readonly OpCase[] = [
  both("reshape", [of("any", 3, 4, 5)], (x) => tf.mul(tf.reshape(x as One, [12, 5]), 2)),
  both("expandDims", [of("any", 3, 4)], (x) => tf.mul(tf.expandDims(x as One, 1), 2)),
  both("squeeze", [of("any", 3, 1, 4)], (x) => tf.mul(tf.squeeze(x as One, [1]), 2)),
  both("transpose", [of("any", 3, 4, 5)], (x) => tf.transpose(x as One, [2, 0, 1])),
  both("transpose 2d", [of("any", 8, 12)], (x) => tf.transpose(x as One)),
  both("concat", [of("any", 3, 4), of("any", 3, 2)], (a, b) => tf.concat([a as One, b as One], 1)),
  both("stack", [of("any", 3, 4), of("any", 3, 4)], (a, b) => tf.stack([a as One, b as One], 1)),
  both("unstack", [of("any", 3, 4)], (x) => tf.addN(tf.unstack(x as One, 0))),
  both("split", [of("any", 6, 4)], (x) => tf.addN(tf.split(x as One, 3, 0))),
  both("slice", [of("any", 5, 6)], (x) => tf.slice(x as One, [1, 2], [3, 4])),
  forward("stridedSlice", [of("any", 5, 6)], (x) => tf.stridedSlice(x as One, [0, 1], [5, 6], [2, 2])),
  both("tile", [of("any", 2, 3)], (x) => tf.tile(x as One, [2, 2])),
  both("pad", [of("any", 2, 3)], (x) =>
    tf.pad(
      x as tf.Tensor2D,
      [
        [1, 2],
        [0, 1],
      ],
      0.5,
    ),
  ),
  both("mirrorPad", [of("any", 4, 5)], (x) =>
    tf.mirrorPad(
      x as tf.Tensor2D,
      [
        [0, 0],
        [0, 0],
      ],
      "reflect",
    ),
  ),
  both("reverse", [of("any", 4, 5)], (x) => tf.reverse(x as One, 1)),
  both("spaceToBatchND", [of("any", 1, 4, 4, 2)], (x) =>
    tf.spaceToBatchND(
      x as One,
      [2, 2],
      [
        [0, 0],
        [0, 0],
      ],
    ),
  ),
  both("batchToSpaceND", [of("any", 4, 2, 2, 2)], (x) =>
    tf.batchToSpaceND(
      x as One,
      [2, 2],
      [
        [0, 0],
        [0, 0],
      ],
    ),
  ),
  forward("depthToSpace", [of("any", 1, 2, 2, 8)], (x) => tf.depthToSpace(x as tf.Tensor4D, 2)),
  both("gather", [of("any", 6, 3)], (x) => tf.gather(x as One, tf.tensor1d([5, 0, 5, 2], "int32"))),
  both("gather axis 1", [of("any", 3, 6)], (x) => tf.gather(x as One, tf.tensor1d([5, 0, 5], "int32"), 1)),
  forward("gatherND", [of("any", 4, 3)], (x) =>
    tf.gatherND(
      x as One,
      tf.tensor2d(
        [
          [0, 1],
          [3, 2],
        ],
        [2, 2],
        "int32",
      ),
    ),
  ),
  forward("scatterND", [of("any", 3, 2)], (x) =>
    tf.scatterND(tf.tensor2d([[1], [4], [1]], [3, 1], "int32"), x as One, [6, 2]),
  ),
  both("unsortedSegmentSum", [of("any", 6, 3)], (x) =>
    tf.unsortedSegmentSum(x as One, tf.tensor1d([0, 2, 0, 1, 2, 2], "int32"), 4),
  ),
  forward("oneHot", [of("probability", 5)], (x) => tf.oneHot(tf.cast(tf.mul(x as One, 4), "int32"), 5)),
  both("broadcastTo", [of("any", 3, 1)], (x) => tf.broadcastTo(x as One, [2, 3, 4])),
  forward("zerosLike", [of("any", 3)], (x) => tf.zerosLike(x as One)),
  forward("onesLike", [of("any", 3)], (x) => tf.onesLike(x as One)),
  forward("fill", [of("any", 3)], (x) => tf.add(x as One, tf.fill([3], 0.25))),
  forward("linspace", [of("any", 3)], (x) => tf.mul(tf.sum(x as One), tf.linspace(0, 1, 5))),
  forward("range", [of("any", 3)], (x) => tf.mul(tf.sum(x as One), tf.range(0, 5))),
  forward("bandPart", [of("any", 4, 5)], (x) => tf.linalg.bandPart(x as One, 1, 2)),
];

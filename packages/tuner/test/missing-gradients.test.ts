import "@tensorflow/tfjs-backend-cpu";
import { wasmBackend } from "@graftjs/backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { correctGradients } from "../src/corrections/gradients.ts";

const int = (values: number[][]): tf.Tensor => tf.tensor2d(values, undefined, "int32");
const four = (x: tf.Tensor): tf.Tensor4D => x as tf.Tensor4D;

/** Functions of tensors for which tfjs has no gradient, or a wrong one, with the shapes of their inputs. */
const functions: Record<string, [number[][], (...inputs: tf.Tensor[]) => tf.Tensor]> = {
  "gather at computed places": [
    [[3, 4]],
    (a) => tf.gather(a, tf.cast(tf.reshape(tf.greater(tf.slice(a, [0, 0], [2, 1]), 0), [2]), "int32")),
  ],
  topk: [
    [[2, 5]],
    (a) =>
      tf.square(
        tf.topk(
          tf.add(
            tf.mul(a, 0.3),
            int([
              [3, 1, 5, 7, 9],
              [8, 2, 6, 4, 0],
            ]),
          ),
          2,
        ).values,
      ),
  ],
  "where(greater)": [
    [
      [3, 4],
      [3, 4],
    ],
    (a, b) => tf.where(tf.greater(a, 0), tf.square(a), b),
  ],
  "where(less and not equal)": [
    [
      [3, 4],
      [3, 4],
    ],
    (a, b) => tf.where(tf.logicalAnd(tf.less(a, tf.add(b, 5)), tf.notEqual(b, 0)), tf.square(a), tf.mul(a, b)),
  ],
  "where(not all)": [
    [
      [3, 4],
      [3, 4],
    ],
    (a, b) => tf.where(tf.logicalNot(tf.all(tf.lessEqual(a, 5), 1, true)), a, b),
  ],
  "times a threshold": [[[3, 4]], (a) => tf.mul(a, tf.cast(tf.greater(a, 0.1), "float32"))],
  "strided slice": [[[4, 5, 3]], (a) => tf.square(tf.stridedSlice(a, [3, 0, 0], [0, 5, 3], [-2, 2, 1]))],
  "gatherND of a row twice": [
    [[3, 4]],
    (a) =>
      tf.square(
        tf.gatherND(
          a,
          int([
            [0, 1],
            [2, 3],
            [0, 1],
          ]),
        ),
      ),
  ],
  "gatherND of whole rows": [[[3, 4]], (a) => tf.square(tf.gatherND(a, int([[2], [2], [0]])))],
  depthToSpace: [[[2, 2, 3, 8]], (a) => tf.square(tf.depthToSpace(four(a), 2, "NHWC"))],
  conv3dTranspose: [
    [
      [1, 2, 2, 3, 2],
      [2, 2, 1, 3, 2],
    ],
    (a, b) => tf.square(tf.conv3dTranspose(a as tf.Tensor5D, b as tf.Tensor5D, [1, 4, 4, 6, 3], [2, 2, 2], "same")),
  ],
  "dilated conv2d": [
    [
      [1, 6, 5, 2],
      [2, 3, 2, 2],
    ],
    (a, b) => tf.square(tf.conv2d(four(a), four(b), 1, "same", "NHWC", [3, 2])),
  ],
  "dilated conv1d": [
    [
      [2, 7, 2],
      [3, 2, 2],
    ],
    (a, b) => tf.square(tf.conv1d(a as tf.Tensor3D, b as tf.Tensor3D, 1, "valid", "NWC", 2)),
  ],
  "dilated depthwise conv2d": [
    [
      [1, 5, 6, 2],
      [2, 2, 2, 2],
    ],
    (a, b) => tf.square(tf.depthwiseConv2d(four(a), four(b), 1, "valid", "NHWC", [1, 3])),
  ],
  "dilated separable conv2d": [
    [
      [1, 5, 5, 2],
      [2, 2, 2, 1],
      [1, 1, 2, 3],
    ],
    (a, b, c) => tf.square(tf.separableConv2d(four(a), four(b), four(c), 1, "same", 2)),
  ],
  "dilated conv3d": [
    [
      [1, 4, 3, 5, 1],
      [2, 2, 2, 1, 2],
    ],
    (a, b) => tf.square(tf.conv3d(a as tf.Tensor5D, b as tf.Tensor5D, 1, "valid", "NDHWC", [2, 1, 3])),
  ],
  "resizeBilinear of a picture that is not square": [
    [[2, 3, 4, 2]],
    (a) => tf.square(tf.image.resizeBilinear(four(a), [5, 7])),
  ],
  "einsum of two": [
    [
      [2, 3, 4],
      [4, 5],
    ],
    (a, b) => tf.square(tf.einsum("abc,cd->abd", a, b)),
  ],
  "einsum with a batch": [
    [
      [2, 3, 4],
      [2, 5, 4],
    ],
    (a, b) => tf.square(tf.einsum("bqd,bkd->bqk", a, b)),
  ],
  "einsum that only sums": [[[3, 4]], (a) => tf.square(tf.einsum("ab->a", a))],
  "product that repeats a matrix": [
    [
      [2, 3, 4],
      [4, 5],
    ],
    (a, b) => tf.square(tf.matMul(a, b)),
  ],
};

/** Functions whose gradient tfjs computes only in programs that register chained ops. */
const chained: typeof functions = {
  "prod of rows": [[[3, 4]], (a) => tf.prod(a, 1)],
  "prod along outer axes": [[[2, 3, 2]], (a) => tf.prod(a, [0, 2], true)],
  "gather by row": [
    [[2, 3, 2]],
    (a) =>
      tf.gather(
        a,
        int([
          [2, 0],
          [1, 1],
        ]),
        1,
        1,
      ),
  ],
};

/** Functions whose gradient is wrong on tfjs's cpu backend, and of some also on others. */
const wrong: typeof functions = {
  "avgPool past the edge": [[[2, 5, 4, 2]], (a) => tf.square(tf.avgPool(four(a), 3, 1, "same"))],
  "avgPool past one edge": [[[2, 5, 4, 1]], (a) => tf.square(tf.avgPool(four(a), [2, 3], [2, 1], "same"))],
  "avgPool with a number as padding": [[[1, 5, 4, 2]], (a) => tf.square(tf.avgPool(four(a), 3, 2, 1, "ceil"))],
  "avgPool3d past the edge": [
    [[2, 3, 4, 3, 1]],
    (a) => tf.square(tf.avgPool3d(a as tf.Tensor5D, [2, 3, 2], [2, 1, 1], "same")),
  ],
  "resizeNearestNeighbor of two pictures": [
    [[2, 3, 2, 2]],
    (a) => tf.square(tf.image.resizeNearestNeighbor(four(a), [6, 4])),
  ],
  "resizeNearestNeighbor with aligned corners": [
    [[2, 3, 4, 1]],
    (a) => tf.square(tf.image.resizeNearestNeighbor(four(a), [5, 3], true)),
  ],
  "resizeNearestNeighbor by centres": [
    [[1, 3, 4, 2]],
    (a) => tf.square(tf.image.resizeNearestNeighbor(four(a), [4, 7], false, true)),
  ],
  "resizeBilinear by centres": [
    [[1, 3, 3, 2]],
    (a) => tf.square(tf.image.resizeBilinear(four(a), [5, 7], false, true)),
  ],
};

/** Returns the function's inputs, with signs that alternate, away from the jump at 0, and a weighted sum of its output. */
function setUp([shapes, compute]: (typeof functions)[string]): {
  inputs: tf.Tensor[];
  total: (...x: tf.Tensor[]) => tf.Scalar;
} {
  const inputs = shapes.map((shape, i) => {
    const x = tf.randomUniform(shape, 0.2, 1, "float32", 3 + i);
    return tf.mul(x, tf.reshape(tf.sign(tf.sin(tf.mul(tf.range(0.5, x.size + 0.5), 2))), x.shape)) as tf.Tensor;
  });
  const total = (...given: tf.Tensor[]): tf.Scalar => {
    const y = compute(...given);
    return tf.sum(tf.mul(y, tf.reshape(tf.cos(tf.range(0, y.size)), y.shape)));
  };
  return { inputs, total };
}

/** Returns the gradients of all inputs' elements as tfjs computes them, and as central differences. */
function gradients(definition: (typeof functions)[string]): { got: number[]; differences: number[] } {
  const { inputs, total } = setUp(definition);
  const grads = tf.grads(total as never)(inputs);
  const differences = inputs.flatMap((tensor, which) => {
    const values = [...tensor.dataSync()];
    return values.map((value, i) => {
      const at = (moved: number): number => {
        const copy = tf.tensor(values.with(i, moved), tensor.shape);
        return total(...inputs.map((t, k) => (k === which ? copy : t))).dataSync()[0] as number;
      };
      return (at(value + 1e-2) - at(value - 1e-2)) / 2e-2;
    });
  });
  return { got: grads.flatMap((grad) => [...grad.dataSync()]), differences };
}

describe("stock tfjs", () => {
  for (const [name, definition] of Object.entries(functions)) {
    it(`throws for the gradient of ${name}`, async () => {
      await tf.setBackend("cpu");
      const { inputs, total } = setUp(definition);
      expect(() => tf.grads(total as never)(inputs)).toThrow(/gradient/i);
    });
  }

  for (const [name, definition] of Object.entries(wrong)) {
    it(`computes a wrong gradient of ${name}`, async () => {
      await tf.setBackend("cpu");
      const { got, differences } = gradients(definition);
      expect(Math.max(...got.map((value, i) => Math.abs(value - (differences[i] as number))))).toBeGreaterThan(0.05);
    });
  }
});

for (const backend of ["cpu", "wasm"]) {
  describe(`gradients that tfjs lacks, on ${backend}`, () => {
    let restore: () => void;
    const before = tf.getGradient("Greater");
    beforeAll(async () => {
      await (backend === "wasm" ? wasmBackend().init() : tf.setBackend("cpu"));
      restore = correctGradients();
    });
    afterAll(async () => {
      restore();
      expect(tf.getGradient("Greater")).toBe(before);
      await tf.setBackend("cpu");
    });

    for (const [name, definition] of Object.entries({ ...functions, ...wrong, ...chained })) {
      it(`${name} has the gradient of central differences`, () => {
        const { got, differences } = gradients(definition);
        expect(got).toEqual(differences.map((difference) => expect.closeTo(difference, 2)));
      });
    }
  });
}

import { frozenBatchNorm } from "@graftjs/frozen-bn";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { afterAll, beforeAll, expect, it } from "vitest";
import { nativeBackend } from "../src/index.ts";
import type { NativeKernelBackend } from "../src/load/native-backend-types.ts";
import { fuseKernels } from "../src/training-kernels.ts";

let session: Awaited<ReturnType<ReturnType<typeof nativeBackend>["init"]>>;
beforeAll(async () => {
  session = await nativeBackend({ fused: false }).init();
});
afterAll(() => session.dispose());

const random = (seed: number, low: number, high: number) =>
  tfl.initializers.randomUniform({ minval: low, maxval: high, seed });

/** Makes an inverted residual block, a convolution with a bias and a head. Images are large enough that convolutions are deferred. */
function net(): tfl.LayersModel {
  const input = tfl.input({ shape: [20, 20, 24] });
  let seed = 1;
  const norm = (x: tfl.SymbolicTensor, high?: number): tfl.SymbolicTensor => {
    const y = tfl.layers
      .batchNormalization({
        gammaInitializer: random(seed++, -1, 2),
        betaInitializer: random(seed++, -1, 1),
        movingMeanInitializer: random(seed++, -1, 1),
        movingVarianceInitializer: random(seed++, 0.5, 2),
      })
      .apply(x) as tfl.SymbolicTensor;
    return high ? (tfl.layers.reLU({ maxValue: high }).apply(y) as tfl.SymbolicTensor) : y;
  };
  const conv = (x: tfl.SymbolicTensor, filters: number, kernelSize: number, useBias = false): tfl.SymbolicTensor =>
    tfl.layers
      .conv2d({
        filters,
        kernelSize,
        useBias,
        padding: "same",
        kernelInitializer: random(seed++, -0.3, 0.3),
        biasInitializer: random(seed++, -1, 1),
      })
      .apply(x) as tfl.SymbolicTensor;
  const depthwise = tfl.layers.depthwiseConv2d({
    kernelSize: 3,
    padding: "same",
    useBias: false,
    depthwiseInitializer: random(seed++, -0.5, 0.5),
  });
  const wide = norm(depthwise.apply(norm(conv(input, 72, 1), 6)) as tfl.SymbolicTensor, 6);
  const x = tfl.layers.add().apply([input, norm(conv(wide, 24, 1))]) as tfl.SymbolicTensor;
  const pooled = tfl.layers.globalAveragePooling2d({}).apply(norm(conv(x, 10, 3, true), 6)) as tfl.SymbolicTensor;
  const head = tfl.layers.dense({ units: 3, activation: "softmax", kernelInitializer: random(seed++, -1, 1) });
  return tfl.model({ inputs: input, outputs: head.apply(pooled) as tfl.SymbolicTensor });
}

/** Computes the loss and the gradients of the weights with these roles, by weight. */
function gradients(roles: readonly string[], blocks: "exact" | "folded" | "off"): Record<string, number[]> {
  const model = net();
  for (const layer of model.layers) {
    for (const weight of layer.weights as { originalName: string; trainable: boolean }[]) {
      weight.trainable = roles.some((role) => weight.originalName.endsWith(role));
    }
  }
  frozenBatchNorm({ blocks }).apply(model);
  const x = tf.randomNormal([8, 20, 20, 24], 0, 1, "float32", 3);
  const y = tf.oneHot(tf.tensor1d([0, 1, 2, 0, 1, 2, 0, 1], "int32"), 3);
  const variables = model.weights.map((weight) => weight.read() as tf.Variable).filter((v) => v.trainable);
  const step = () =>
    tf.variableGrads(
      () => tf.neg(tf.mean(tf.log(tf.sum(tf.mul(model.apply(x, { training: true }) as tf.Tensor, y), 1)))) as tf.Scalar,
      variables,
    );
  const { binding } = tf.backend() as NativeKernelBackend;
  tf.dispose(step() as never);
  const before = [tf.memory().numTensors, binding.getNumOfTensors()];
  const { value, grads } = step();
  const order = new Map(model.weights.map((weight, i) => [(weight.read() as tf.Variable).name, i]));
  const values = Object.fromEntries(
    Object.entries({ ...grads, loss: value }).map(([name, tensor]) => [
      order.get(name) ?? name,
      [...tensor.dataSync()],
    ]),
  );
  tf.dispose([value, grads] as never);
  expect([tf.memory().numTensors, binding.getNumOfTensors()]).toEqual(before);
  tf.dispose([x, y]);
  model.dispose();
  return values;
}

for (const roles of [["kernel"], ["kernel", "beta", "bias"], ["kernel", "gamma", "beta", "bias"], ["gamma", "beta"]]) {
  it(`blocks with ${roles.join(", ")} trained agree with the gradients of layer by layer, without leaks`, () => {
    const fusion = fuseKernels(tf.backend() as NativeKernelBackend);
    try {
      // Use the same kernels. With others, a value next to a kink of relu6 may end up on its other side.
      const expected = gradients(roles, "off");
      for (const blocks of ["exact", "folded"] as const) {
        const found = gradients(roles, blocks);
        expect(Object.keys(found).sort()).toEqual(Object.keys(expected).sort());
        if (blocks === "exact") expect(found.loss).toEqual(expected.loss);
        for (const [name, values] of Object.entries(expected)) {
          const size = Math.max(...values.map(Math.abs), 1e-3);
          const worst = Math.max(...values.map((value, i) => Math.abs(value - (found[name]?.[i] as number))));
          expect(worst / size, `${blocks} ${name}`).toBeLessThan(2e-5);
        }
      }
    } finally {
      fusion.dispose();
    }
  });
}

import { frozenBatchNorm, foldBatchNorm } from "@graftjs/frozen-bn";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import "@tensorflow/tfjs-backend-cpu";
import { beforeAll, expect, it } from "vitest";
import { lora } from "../src/index.ts";
import { disturb, filled } from "./nets.ts";

beforeAll(() => tf.setBackend("cpu"));

function convNet(): tfl.LayersModel {
  return filled(
    tfl.sequential({
      layers: [
        tfl.layers.conv2d({ filters: 4, kernelSize: 3, name: "conv", inputShape: [6, 6, 2] }),
        tfl.layers.batchNormalization({ name: "bn" }),
        tfl.layers.reLU({ name: "relu" }),
        tfl.layers.flatten(),
        tfl.layers.dense({ units: 2, name: "head" }),
      ],
    }),
  );
}

const x = (): tf.Tensor => tf.randomUniform([3, 6, 6, 2], -1, 1, "float32", 5);
const patch = () => lora({ target: "conv/kernel", rank: 2 });

it.each(["before", "after"])(
  "computes the same with frozen batch norm applied %s it, while a gradient is recorded",
  (order) => {
    const gradientsOf = (patches: readonly ["lora" | "frozen-bn", "lora" | "frozen-bn"]) => {
      const model = convNet();
      let added: readonly tf.Variable[] = [];
      for (const name of patches) {
        if (name === "frozen-bn") frozenBatchNorm({ blocks: patches[0] === "lora" ? "exact" : "folded" }).apply(model);
        else
          added = patch()
            .apply(model)
            .added.map(({ variable }) => variable);
      }
      disturb(added);
      const { value, grads } = tf.variableGrads(
        () => tf.sum(tf.square(model.apply(x(), { training: true }) as tf.Tensor)),
        [...added],
      );
      return { loss: value.dataSync()[0], grads: Object.values(grads).map((grad) => [...grad.dataSync()]) };
    };
    const expected = () => {
      const model = convNet();
      const { added } = patch().apply(model);
      disturb(added.map(({ variable }) => variable));
      const { value, grads } = tf.variableGrads(
        () => tf.sum(tf.square(model.apply(x()) as tf.Tensor)),
        added.map(({ variable }) => variable),
      );
      return { loss: value.dataSync()[0], grads: Object.values(grads).map((grad) => [...grad.dataSync()]) };
    };
    const { loss, grads } = gradientsOf(order === "before" ? ["frozen-bn", "lora"] : ["lora", "frozen-bn"]);
    const { loss: wanted, grads: wantedGrads } = expected();
    expect(loss).toBeCloseTo(wanted as number, 3);
    expect(grads.flat()).toEqual(wantedGrads.flat().map((value) => expect.closeTo(value, 2)));
  },
);

it("is refused by fold-bn before the layer, and may come after it", () => {
  const model = convNet();
  const handle = patch().apply(model);
  expect(() => foldBatchNorm().apply(model)).toThrow("another patch, such as an adapter, replaced the call of `conv`");
  handle.restore();
  foldBatchNorm().apply(model);
  const folded = [...(model.predict(x()) as tf.Tensor).dataSync()];
  const { added } = patch().apply(model);
  const same = [...(model.predict(x()) as tf.Tensor).dataSync()];
  expect(same).toEqual(folded.map((value) => expect.closeTo(value, 4)));
  disturb(added.map(({ variable }) => variable));
  const adapted = [...(model.predict(x()) as tf.Tensor).dataSync()];
  const plain = convNet();
  disturb(
    patch()
      .apply(plain)
      .added.map(({ variable }) => variable),
  );
  expect(adapted).toEqual([...(plain.predict(x()) as tf.Tensor).dataSync()].map((value) => expect.closeTo(value, 4)));
});

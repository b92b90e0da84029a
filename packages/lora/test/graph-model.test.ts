import { sgd } from "@graftjs/core";
import { applyDelta, fineTune, graphModelAdapter, saveDelta } from "@graftjs/tuner";
import { loadGraphModel } from "@tensorflow/tfjs-converter";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { beforeAll, expect, it } from "vitest";
import { graphArtifact } from "../../tuner/test/graphs.ts";
import { ia3, lora } from "../src/index.ts";

beforeAll(() => tf.setBackend("cpu"));

const load = () => loadGraphModel({ load: async () => graphArtifact() });
const x = (): tf.Tensor => tf.randomUniform([6, 6, 6, 2], -1, 1, "float32", 5);
const patch = lora({ target: "**", rank: 2 });

it("adapts the kernels of a GraphModel, and merges into a model that stock tfjs runs", async () => {
  const model = await load();
  const adapter = graphModelAdapter(model);
  const predicted = (): number[] => [...tf.tidy(() => (model.predict(x()) as tf.Tensor).dataSync())];
  const before = predicted();
  const result = await fineTune(adapter, {
    data: { xs: x(), ys: tf.oneHot(tf.tensor1d([0, 1, 2, 0, 1, 2], "int32"), adapter.ports.outputs[0]?.shape[1] ?? 3) },
    loss: "categoricalCrossentropy",
    trainable: ["role:lora_a", "role:lora_b"],
    patches: [patch],
    rule: sgd({ momentum: 0.9 }),
    learningRate: 0.05,
    epochs: 10,
    batchSize: 6,
  });
  expect(result.params.map(({ name, shape }) => `${name} [${shape}]`)).toMatchInlineSnapshot(`
    [
      "block/conv/lora_a [3,3,2,2]",
      "block/conv/lora_b [2,4]",
      "head/lora_a [4,2]",
      "head/lora_b [2,3]",
    ]
  `);
  expect(result.plan.trunk.layers).toBe(0);
  expect(result.history.loss[9]).toBeLessThan(result.history.loss[0] as number);
  const delta = await saveDelta(adapter, result);
  // Only a run computes with the adapter. The model itself gets it by the merge.
  expect(predicted()).toEqual(before);
  result.mergeAndUnload();
  const tuned = predicted();
  expect(tuned).not.toEqual(before);

  const other = graphModelAdapter(await load());
  const handle = patch.apply(other.patchable);
  applyDelta(other, delta, { params: handle.added });
  const cut = other.cut([], { adapted: new Set(), held: new Set(), pure: new Set() });
  const computed = tf.tidy(() => cut.runTail(cut.runTrunk([x()]), false)[0]?.dataSync());
  expect([...(computed ?? [])]).toEqual(tuned.map((value) => expect.closeTo(value, 5)));
});

it("refuses methods that need the layer's outputs", async () => {
  const { patchable } = graphModelAdapter(await load());
  expect(() => ia3({ target: "**" }).apply(patchable)).toThrow("it is in a layer of class GraphKernel");
});

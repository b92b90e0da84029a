import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import { fusedLayers, wasmBackend } from "../src/index.ts";
import { GRADIENT_NETS } from "./net-gradients.ts";

const LIMIT = 5e-5;

beforeAll(async () => {
  await wasmBackend().init();
});

/** Computes the loss gradients of all trainable weights, at the same weights on every backend. */
async function gradientsOn(backend: string, name: string, fused: boolean): Promise<Float32Array[]> {
  await tf.setBackend(backend);
  const { model, x, y } = (GRADIENT_NETS[name] as () => ReturnType<(typeof GRADIENT_NETS)[string]>)();
  for (const [seed, weight] of model.trainableWeights.entries()) {
    const shape = weight.shape as number[];
    const fan = shape.length > 1 ? tf.util.sizeFromShape(shape.slice(0, -1)) : undefined;
    if (fan) weight.write(tf.randomNormal(shape, 0, Math.sqrt(2 / fan), "float32", seed + 1));
  }
  if (fused) fusedLayers().apply(model as never);
  const weights = model.trainableWeights.map((weight) => (weight as unknown as { val: tf.Variable }).val);
  const { grads } = tf.variableGrads(
    () => tf.mean(tfl.metrics.categoricalCrossentropy(y, model.apply(x, { training: true }) as tf.Tensor)) as tf.Scalar,
    weights,
  );
  const results = weights.map(({ name: key }) => (grads[key] as tf.Tensor).dataSync().slice() as Float32Array);
  tf.dispose(grads);
  tf.dispose([x, y]);
  model.dispose();
  return results;
}

/** Computes ‖a − b‖ / ‖b‖ over all gradients of the net. */
function difference(a: readonly Float32Array[], b: readonly Float32Array[]): number {
  let [squares, total] = [0, 0];
  for (const [i, tensor] of b.entries()) {
    for (const [j, expected] of tensor.entries()) {
      squares += ((a[i]?.[j] as number) - expected) ** 2;
      total += expected ** 2;
    }
  }
  return Math.sqrt(squares / total);
}

describe("gradients of whole nets against cpu", () => {
  it.each(Object.keys(GRADIENT_NETS))("%s", async (name) => {
    const cpu = await gradientsOn("cpu", name, false);
    for (const fused of [false, true]) {
      const error = difference(await gradientsOn("wasm", name, fused), cpu);
      console.log(`${name}${fused ? ", fused layers" : ""}: ${error.toExponential(1)}`);
      expect(error).toBeLessThanOrEqual(LIMIT);
    }
  });
});

import { readFileSync } from "node:fs";
import "@tensorflow/tfjs-backend-cpu";
import { wasmBackend } from "@graftjs/backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import { attention, gelu, layerNorm } from "../src/index.ts";

beforeAll(async () => {
  await wasmBackend().init();
});

interface Stored {
  readonly shape: number[];
  readonly values: number[];
}
interface Case {
  readonly inputs: Stored[];
  readonly dy: Stored;
  readonly y: Stored;
  readonly gradients: Stored[];
  readonly epsilon?: number;
  readonly heads?: number;
  readonly mask?: Stored;
}
type Op = (...inputs: tf.Tensor[]) => tf.Tensor;

const ORACLE = JSON.parse(readFileSync(new URL("ops-oracle.json", import.meta.url), "utf8")) as Record<string, Case>;
const tensor = ({ values, shape }: Stored): tf.Tensor => tf.tensor(values, shape);

/** Returns the op of a case. A padding mask is tried as bool, and as int32. */
function opOf(name: string, { epsilon, heads = 1, mask }: Case, dtype: "bool" | "int32" = "bool"): Op {
  if (name.startsWith("layerNorm"))
    return (x, g, b) => layerNorm(x as tf.Tensor, g as tf.Tensor, b as tf.Tensor, epsilon);
  if (name.startsWith("gelu")) return (x) => gelu(x as tf.Tensor, { approximate: name.endsWith("approximate") });
  const given = mask && (mask.shape.length === 2 ? tf.cast(tensor(mask), dtype) : tensor(mask));
  return (q, k, v) => attention(q as tf.Tensor, k as tf.Tensor, v as tf.Tensor, { heads, mask: given });
}

function gradientsOf(op: Op, inputs: tf.Tensor[], dy: tf.Tensor): tf.Tensor[] {
  return tf.grads((...xs: tf.Tensor[]) => tf.sum(tf.mul(op(...xs), dy)))(inputs);
}

/** Expects values within `tolerance` of the largest expected one. */
function expectNear(actual: tf.Tensor, expected: Stored, tolerance: number, what: string): void {
  expect(actual.shape, what).toEqual(expected.shape);
  const largest = Math.max(1, ...expected.values.map(Math.abs));
  for (const [i, value] of actual.dataSync().entries())
    expect(Math.abs(value - (expected.values[i] as number)), `${what} at ${i}`).toBeLessThan(tolerance * largest);
}

describe.each(["cpu", "wasm"])("on %s", (backend) => {
  it.each(Object.entries(ORACLE))(
    "%s: values and gradients are PyTorch's, and no tensor is left",
    async (name, stored) => {
      await tf.setBackend(backend);
      const before = tf.memory().numTensors;
      tf.tidy(() => {
        const inputs = stored.inputs.map(tensor);
        const op = opOf(name, stored);
        expectNear(op(...inputs), stored.y, 2e-6, "y");
        const gradients = gradientsOf(op, inputs, tensor(stored.dy));
        for (const [i, expected] of stored.gradients.entries())
          expectNear(gradients[i] as tf.Tensor, expected, 5e-6, `gradient ${i}`);
      });
      expect(tf.memory().numTensors).toBe(before);
    },
  );

  it("attention takes a padding mask of int32, also for a text that is only padding", async () => {
    await tf.setBackend(backend);
    tf.tidy(() => {
      const stored = ORACLE["attention, 4 heads, padding"] as Case;
      const inputs = stored.inputs.map(tensor) as [tf.Tensor, tf.Tensor, tf.Tensor];
      expectNear(opOf("attention", stored, "int32")(...inputs), stored.y, 2e-6, "y");
      const [q, k, v] = inputs;
      const hidden = attention(q, k, v, { heads: 4, mask: tf.zeros([2, 5], "bool") });
      const mean = tf.broadcastTo(tf.mean(v, 1, true), [2, 3, 12]);
      expectNear(hidden, { shape: mean.shape, values: [...mean.dataSync()] }, 1e-6, "y");
    });
  });

  it("allocates nothing that outlives the call, outside a tidy", async () => {
    await tf.setBackend(backend);
    const x = tf.ones([2, 3, 4]);
    const [one, mask] = [tf.ones([4]), tf.ones([2, 3])];
    const before = tf.memory().numTensors;
    const made = [
      gelu(x),
      gelu(x, { approximate: true }),
      layerNorm(x, one, one),
      attention(x, x, x, { heads: 2, mask }),
    ];
    expect(tf.memory().numTensors).toBe(before + 4);
    tf.dispose([made, x, one, mask]);
  });

  it("accepts integers, as tfjs's ops do", async () => {
    await tf.setBackend(backend);
    tf.tidy(() => {
      const x = tf.tensor2d([[1, 3]], [1, 2], "int32");
      expect(layerNorm(x, tf.ones([2]), tf.zeros([2]), 0).dataSync()).toEqual(Float32Array.of(-1, 1));
      expect(gelu(x).dataSync()[0]).toBeCloseTo(0.8413447, 6);
      expect(gelu(x, { approximate: true }).dataSync()[0]).toBeCloseTo(0.841192, 6);
    });
  });

  it.each(Object.entries(ORACLE).filter(([name]) => ["layerNorm", "gelu"].includes(name)))(
    "%s: the gradient of the gradient is its central difference",
    async (name, stored) => {
      await tf.setBackend(backend);
      tf.tidy(() => {
        const op = opOf(name, stored);
        const [x, ...rest] = stored.inputs.map(tensor) as [tf.Tensor, ...tf.Tensor[]];
        const dy = tensor(stored.dy);
        const slope = (v: tf.Tensor): tf.Tensor => tf.grad((u: tf.Tensor) => tf.sum(tf.mul(op(u, ...rest), dy)))(v);
        const direction = tf.sin(tf.mul(7, x));
        const curved = tf.grad((v: tf.Tensor) => tf.sum(tf.mul(slope(v), direction)))(x);
        const step = 0.02;
        const ahead = slope(tf.add(x, tf.mul(step, direction)));
        const behind = slope(tf.sub(x, tf.mul(step, direction)));
        const expected = [...tf.div(tf.sub(ahead, behind), 2 * step).dataSync()];
        expectNear(curved, { shape: x.shape, values: expected }, 1e-2, "curvature");
      });
    },
  );
});

/** Calls with which a kernel would read past a tensor, or interpret integers as floats. */
const WRONG: Readonly<Record<string, readonly [() => unknown, RegExp]>> = {
  "layerNorm, gamma too short": [
    () => layerNorm(tf.ones([2, 8]), tf.ones([2]), tf.zeros([8])),
    /layerNorm: `gamma` is \[2\] float32, expected \[8\] float32\./,
  ],
  "layerNorm, int32": [() => layerNorm(tf.ones([2, 8]), tf.ones([8]), tf.zeros([8], "int32")), /`beta` is \[8\] int32/],
  "layerNorm of a number": [() => layerNorm(tf.scalar(1), tf.ones([1]), tf.ones([1])), /`x` is \[\] float32/],
  "gelu of words": [() => gelu(tf.tensor(["one"])), /gelu: `x` is \[1\] string/],
  "attention, heads that do not divide": [
    () => attention(tf.ones([1, 2, 6]), tf.ones([1, 2, 6]), tf.ones([1, 2, 6]), { heads: 4 }),
    /`q` is \[1,2,6\], expected \[batch, places, a multiple of 4\]; `k` is/,
  ],
  "attention, other keys": [
    () => attention(tf.ones([1, 2, 6]), tf.ones([1, 3, 4]), tf.ones([1, 3, 4])),
    /`q` is \[1,2,6\] and `k` is \[1,3,4\], expected the same batch and width/,
  ],
  "attention, other values": [
    () => attention(tf.ones([1, 2, 6]), tf.ones([1, 3, 6]), tf.ones([1, 2, 6])),
    /`k` is \[1,3,6\] and `v` is \[1,2,6\], expected the same batch and number of keys/,
  ],
  "attention, a mask of the queries": [
    () => attention(tf.ones([1, 2, 6]), tf.ones([1, 3, 6]), tf.ones([1, 3, 6]), { mask: tf.ones([1, 2], "bool") }),
    /`mask` is \[1,2\], expected \[1,3\] or a shape of four axes that broadcasts to \[1,1,2,3\]/,
  ],
};
it.each(Object.entries(WRONG))("%s: throws an error that names the argument", (_, [run, message]) => {
  tf.tidy(() => {
    expect(run).toThrow(message);
  });
});

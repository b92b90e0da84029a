import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-layers";
import { adam, BackendError, runFused } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { LONG } from "../../../tools/browser/gpu-tests.ts";
import { compareClipping } from "../../../tools/browser/suite/clip.ts";
import { numbers } from "../../../tools/browser/suite/numbers.ts";
import { compareRules } from "../../../tools/browser/suite/rules.ts";
import { countDispatches, graft, pairs, timeTurns } from "../bench/updates.ts";
import { webgpuBackend } from "../src/node.ts";
import type { WebGPUSession } from "../src/session.ts";
import { useTestGpu } from "./test-gpu.ts";

let session: WebGPUSession;
beforeAll(async () => {
  useTestGpu();
  session = await webgpuBackend({ allowSoftware: true }).init();
  tf.env().set("WEBGPU_CPU_FORWARD", false);
});
afterEach(() => expect(session.errors).toEqual([]));
afterAll(async () => {
  await session?.dispose();
});

describe("fused optimizer kernels", () => {
  it("give the weights and ratios of cpu's composed path in every form of every rule, without leaks", async () => {
    const { rows, composed, leaked } = await compareRules("webgpu");
    expect(rows.length).toBeGreaterThan(45);
    expect(composed).toEqual([]);
    expect(rows.filter(({ error }) => error === null || !(error <= 1e-5))).toEqual([]);
    expect(leaked).toBe(0);
  });

  it.each(pairs)("need a tenth of stock's dispatches: $name", async (pair) => {
    const [theirs, ours] = [pair.stock(), pair.graft()];
    // Warm up: the first steps make slots.
    for (const { step } of [theirs, ours]) step();
    const [many, few] = [countDispatches(theirs.step), countDispatches(ours.step)];
    console.log(`${pair.name}: dispatches ${many} → ${few}`);
    theirs.dispose();
    ours.dispose();
    expect(many / few).toBeGreaterThanOrEqual(10);
  });

  // A software GPU takes ten seconds for each pair, so CI measures one of them.
  it.each(pairs.filter(({ name }) => LONG || name === "adam"))("need a third of stock's time: $name", async (pair) => {
    const [theirs, ours] = [pair.stock(), pair.graft()];
    // Warm up: the first steps make slots and compile.
    for (const { step } of [theirs, ours, theirs, ours]) step();
    const [slow, fast] = (await timeTurns(
      [theirs, ours],
      () => session.device.queue.onSubmittedWorkDone(),
      LONG ? 7 : 3,
    )) as [number, number];
    console.log(`${pair.name}: ${slow.toFixed(1)} → ${fast.toFixed(1)} ms`);
    theirs.dispose();
    ours.dispose();
    expect(slow / fast).toBeGreaterThanOrEqual(3);
  });

  it("clip by the global norm like cpu, into new tensors", async () => {
    const { rows, calls, changed, leaked } = await compareClipping("webgpu");
    expect(rows.filter(({ error }) => !((error ?? 1) <= 1e-6))).toEqual([]);
    expect(calls).toEqual({ GraftGlobalNorm: rows.length - 1, GraftScaleAll: rows.length - 1 });
    expect(changed).toEqual([]);
    expect(leaked).toBe(0);
  });

  it("leave no tensor and no buffer behind", async () => {
    const update = graft("adam", adam());
    for (let i = 0; i < 3; i++) update.step();
    await session.device.queue.onSubmittedWorkDone();
    const [tensors, bytes] = [tf.memory().numTensors, session.memory().allocated];
    for (let i = 0; i < 20; i++) update.step();
    expect(tf.memory().numTensors).toBe(tensors);
    expect(session.memory().allocated).toBe(bytes);
    update.dispose();
  });

  it("copy a shared buffer before they write it, and drop the values that tfjs has cached", async () => {
    const w = tf.variable(tf.tensor1d([1, 2, 3]));
    const backup = w.clone();
    await w.data();
    const before = tf.memory().numTensors;
    const ran = runFused("GraftSgd", {
      ...{ variables: [w], grads: [tf.tensor1d([1, 1, 1])], velocities: [], learningRates: [0.5], first: [true] },
      ...{ momentum: 0, dampening: 0, nesterov: false, rateInVelocity: false },
    });
    expect(ran).toBe(true);
    expect([...(await w.data())]).toEqual([0.5, 1.5, 2.5]);
    expect([...(await backup.data())]).toEqual([1, 2, 3]);
    // One more tensor: the gradient of this test.
    expect(tf.memory().numTensors).toBe(before + 1);
    tf.dispose([w, backup]);
  });

  it("copy a shared buffer that was made on another backend", async () => {
    await tf.setBackend("cpu");
    const w = tf.variable(tf.tensor1d([1, 2, 3]));
    const [backup, g] = [w.clone(), tf.tensor1d([1, 1, 1])];
    await tf.setBackend("webgpu");
    const ran = runFused("GraftSgd", {
      ...{ variables: [w], grads: [g], velocities: [], learningRates: [0.5], first: [true] },
      ...{ momentum: 0, dampening: 0, nesterov: false, rateInVelocity: false },
    });
    expect(ran).toBe(true);
    expect([...(await w.data())]).toEqual([0.5, 1.5, 2.5]);
    expect([...(await backup.data())]).toEqual([1, 2, 3]);
    tf.dispose([w, backup, g]);
  });

  it("write nothing and report all problems if anything is wrong", async () => {
    const [a, b] = [tf.variable(tf.tensor1d([1, 2])), tf.variable(tf.tensor1d([3]))];
    const call = (): boolean =>
      runFused("GraftAdam", {
        variables: [a, b],
        grads: [tf.tensor1d([1, 1]), tf.tensor1d([1, 1])],
        m: [tf.zeros([2]), tf.zeros([1], "int32")],
        v: [tf.zeros([2])],
        ...{ learningRates: [1, 1], corrections1: [1, 1], corrections2: [1, 1], decays: [0, 0] },
        ...{ beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
      });
    expect(call).toThrow(BackendError);
    expect(call).toThrow(/v has 1 tensors.*m\[1\] is int32.*grads\[1\] has 2 elements/s);
    expect([...(await a.data()), ...(await b.data())]).toEqual([1, 2, 3]);
  });

  it("compute norms whose squares do not fit float32, and scale by them", async () => {
    const tensors = [tf.tensor1d([3e-21, 0]), tf.tensor2d([[0, 4e-21]]), tf.zeros([0])];
    const out = tf.scalar(-1);
    runFused("GraftGlobalNorm", { tensors, out });
    expect((await out.data())[0]).toBeCloseTo(5e-21, 26);
    const large = [tf.tensor1d([3e25, 4e25]), tf.tensor1d([1])];
    runFused("GraftGlobalNorm", { tensors: large, out });
    expect((await out.data())[0] as number).toBeGreaterThan(4.9999e25);
    const outputs = [tf.zeros([2])];
    runFused("GraftScaleAll", { tensors: [tf.tensor1d([1, -2])], outputs, factor: tf.scalar(0.5) });
    expect([...(await (outputs[0] as tf.Tensor).data())]).toEqual([0.5, -1]);
  });

  it.each([
    [[1, Number.NaN], Number.NaN],
    [[1, Number.NEGATIVE_INFINITY], Number.POSITIVE_INFINITY],
    [[Number.NaN, Number.POSITIVE_INFINITY], Number.NaN],
  ])("take the norm of %j to be %d", async (values, norm) => {
    const tensors = [tf.tensor1d(values), tf.ones([300])];
    const out = tf.scalar(-1);
    runFused("GraftGlobalNorm", { tensors, out });
    expect((await out.data())[0]).toBe(norm);
    tf.dispose([...tensors, out]);
  });
});

describe("fused batch norm", () => {
  const tensor = (seed: number, ...shape: number[]): tf.Tensor =>
    tf.tensor(numbers({ kind: seed % 2 ? "any" : "positive", shape }, seed), shape);

  it.each(["linear", "relu", "relu6"] as const)("equals stock and its gradient, with %s", async (activation) => {
    const act = (z: tf.Tensor): tf.Tensor =>
      activation === "linear" ? z : activation === "relu" ? tf.relu(z) : tf.relu6(z);
    const x = tf.mul(tensor(1, 3, 5, 4, 7), 3);
    const [mean, variance, offset, scale] = [tensor(3, 7), tensor(2, 7), tensor(5, 7), tensor(4, 7)] as tf.Tensor1D[];
    const dy = tensor(7, 3, 5, 4, 7);
    const normed = (...[input, beta, gamma]: tf.Tensor[]): tf.Tensor =>
      act(
        tf.batchNorm(
          input as tf.Tensor4D,
          mean as tf.Tensor1D,
          variance as tf.Tensor1D,
          beta as tf.Tensor1D,
          gamma as tf.Tensor1D,
          1e-3,
        ),
      );
    const want = tf.grads(normed)([x, offset, scale] as tf.Tensor[], dy);
    const inputs = { x, mean, variance, offset, scale } as tf.NamedTensorMap;
    const attrs = { varianceEpsilon: 1e-3, activation };
    const y = tf.engine().runKernel("GraftBatchNorm", inputs, attrs) as tf.Tensor;
    const all = { ...attrs, wantX: true, wantScale: true, wantOffset: true };
    const got = tf.engine().runKernel("GraftBatchNormGrad", { dy, ...inputs }, all) as unknown as tf.Tensor[];
    const off = async (a: tf.Tensor, b: tf.Tensor): Promise<number> => {
      const [p, q] = [await a.data(), await b.data()];
      return Math.max(...p.map((value, i) => Math.abs(value - (q[i] as number)))) / Math.max(...q.map(Math.abs));
    };
    const reference = normed(x, offset as tf.Tensor, scale as tf.Tensor);
    expect([...(await y.data())]).toEqual([...(await reference.data())]);
    expect(got).toHaveLength(3);
    expect(await off(got[0] as tf.Tensor, want[0] as tf.Tensor)).toBeLessThan(1e-5);
    expect(await off(got[1] as tf.Tensor, want[2] as tf.Tensor)).toBeLessThan(1e-5);
    expect(await off(got[2] as tf.Tensor, want[1] as tf.Tensor)).toBeLessThan(1e-5);
    if (activation === "linear") return;
    const wantZ = tf.grads(act)([reference], dy)[0] as tf.Tensor;
    const out = tf.engine().runKernel("GraftActivationGrad", { dy, y }, { activation, wantSum: true });
    const [dz, sum] = out as unknown as [tf.Tensor, tf.Tensor];
    const inside = tf.mul(wantZ, tf.cast(tf.logicalAnd(tf.greater(y, 0), tf.less(y, 6)), "float32"));
    expect(await off(dz, activation === "relu" ? wantZ : inside)).toBeLessThan(1e-6);
    expect(await off(sum, tf.sum(dz, [0, 1, 2]))).toBeLessThan(1e-5);
  });

  it("computes only the requested outputs", () => {
    const [x, mean, variance] = [tensor(1, 4, 3), tensor(3, 3), tensor(2, 3)];
    const attrs = { varianceEpsilon: 1e-3, activation: "linear", wantX: false, wantScale: false, wantOffset: true };
    const inputs = { dy: x, x, mean, variance } as tf.NamedTensorMap;
    const out = tf.engine().runKernel("GraftBatchNormGrad", inputs, attrs) as unknown as tf.Tensor[];
    expect(out.map(({ shape }) => shape)).toEqual([[3]]);
  });
});

import type { BackendAdapter } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { check, checkClose } from "../harness/assertions.ts";
import { type Case, type Exceptions, onCpu, register } from "../harness/conformance-check.ts";
import { numbers } from "../harness/samples.ts";

export interface BackendSuiteOptions {
  /** How far results may differ from cpu's, relative to the largest magnitude. @default 1e-4 */
  readonly tolerance?: number;
  /** Rules that do not hold, by case id, each with the reason. They are tested to fail. @default {} */
  readonly exceptions?: Exceptions;
}

/**
 * Registers the conformance suite of a backend adapter that can run where the test runs.
 *
 * @throws Error where an exception names no case.
 */
export function testBackend(make: () => BackendAdapter, options: BackendSuiteOptions = {}): void {
  register(`backend ${make().name}`, backendAdapterCases(make, options), options.exceptions);
}

/** The cases of {@link testBackend}, for another test runner: each throws where its rule is broken. */
export function backendAdapterCases(
  make: () => BackendAdapter,
  { tolerance = 1e-4 }: BackendSuiteOptions = {},
): readonly Case[] {
  return [
    onCpu("probe", "probe() answers and leaves the current backend as it was", async () => {
      const probe = await make().probe();
      check(tf.getBackend() === "cpu", `After probe() the backend is ${tf.getBackend()}, was cpu.`);
      check(probe.ok || probe.reason.length > 0, "It is not usable, and does not say why.");
    }),
    onCpu("init", "init() makes it current, and dispose() frees what it took", async () => {
      const before = tf.memory().numTensors;
      const session = await make().init();
      check(
        tf.getBackend() === session.name,
        `After init() the backend is ${tf.getBackend()}, the session ${session.name}.`,
      );
      await session.dispose();
      await tf.setBackend("cpu");
      check(tf.memory().numTensors === before, "init() and dispose() left tensors.");
    }),
    onCpu("missing", "names as missing only kernels that its backend lacks", async () => {
      const session = await make().init();
      const has = new Set(tf.getKernelsForBackend(session.name).map(({ kernelName }) => kernelName));
      const wrong = session.capabilities.missingKernels.filter((kernel) => has.has(kernel));
      await session.dispose();
      check(wrong.length === 0, `${wrong.join(", ")}: named as missing, and registered.`);
    }),
    onCpu("gradients", `a small net's gradients agree with cpu within ${tolerance}`, async () => {
      const expected = await gradients();
      const session = await make().init();
      const got = await gradients();
      await session.dispose();
      checkClose(got, expected, tolerance, "The gradients");
    }),
  ];
}

async function gradients(): Promise<{ readonly [name: string]: readonly number[] }> {
  const make = (seed: number, shape: [number, number]): tf.Tensor2D =>
    tf.tensor2d(numbers(seed, shape[0] * shape[1]), shape);
  const [x, w1, w2] = [make(1, [6, 3]), make(2, [3, 5]), make(3, [5, 2])];
  const grads = tf.grads((a, b) =>
    tf.mean(tf.square(tf.matMul(tf.tanh(tf.matMul(x, a as tf.Tensor2D)), b as tf.Tensor2D))),
  )([w1, w2]);
  const [one, two] = await Promise.all(grads.map((grad) => grad.data()));
  tf.dispose([x, w1, w2, ...grads]);
  return { w1: [...(one as Float32Array)], w2: [...(two as Float32Array)] };
}

import type { BackendAdapter } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { check, checkClose } from "../harness/assertions.ts";
import { type ConformanceCheck, type ExpectedFailures, onCpu, register } from "../harness/conformance-check.ts";
import { numbers } from "../harness/samples.ts";

/** Options of the conformance suite of a backend adapter. */
export interface BackendSuiteOptions {
  /** Largest difference from cpu, relative to the largest magnitude of each tensor. @default 1e-4 */
  readonly tolerance?: number;
  /** Checks that the adapter is known to fail, by name, each with the reason. @default {} */
  readonly expectedFailures?: ExpectedFailures;
}

/**
 * Registers the conformance suite of a backend adapter: one named test per check. The backend must be usable on the
 * machine that runs the test. Call it at the top level of a vitest file.
 *
 * @throws Error if `expectedFailures` names a check that the suite does not have.
 */
export function testBackend(make: () => BackendAdapter, options: BackendSuiteOptions = {}): void {
  register(`backend ${make().name}`, backendAdapterChecks(make, options), options.expectedFailures);
}

/** Returns the checks of {@link testBackend}, for another test runner. */
export function backendAdapterChecks(
  make: () => BackendAdapter,
  { tolerance = 1e-4 }: BackendSuiteOptions = {},
): readonly ConformanceCheck[] {
  return [
    onCpu("probe() answers, and keeps the current backend", async () => {
      const probe = await make().availability();
      check(tf.getBackend() === "cpu", `After probe() the backend is ${tf.getBackend()}, was cpu.`);
      check(probe.ok || probe.reason.length > 0, "probe() says that the backend is not usable, but gives no reason.");
    }),
    onCpu("init() makes the backend current, and dispose() frees its tensors", async () => {
      const before = tf.memory().numTensors;
      const session = await make().init();
      check(
        tf.getBackend() === session.name,
        `After init() the backend is ${tf.getBackend()}, but the session is named ${session.name}.`,
      );
      await session.dispose();
      await tf.setBackend("cpu");
      check(tf.memory().numTensors === before, "init() and dispose() left tensors.");
    }),
    onCpu("lists only kernels as missing that its backend lacks", async () => {
      const session = await make().init();
      const registered = new Set(tf.getKernelsForBackend(session.name).map(({ kernelName }) => kernelName));
      const wrong = session.capabilities.missingKernels.filter((kernel) => registered.has(kernel));
      await session.dispose();
      check(wrong.length === 0, `\`missingKernels\` lists ${wrong.join(", ")}, but the backend has them.`);
    }),
    onCpu("agrees with cpu on the gradients of a small net", async () => {
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
  const [first, second] = await Promise.all(grads.map((grad) => grad.data()));
  tf.dispose([x, w1, w2, ...grads]);
  return { w1: [...(first as Float32Array)], w2: [...(second as Float32Array)] };
}

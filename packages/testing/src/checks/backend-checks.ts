import type { AnyRule, BackendAdapter, TensorMap } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { checkBits, checkClose, read, type Values } from "../harness/assertions.ts";
import { type Case, onCpu } from "../harness/conformance-check.ts";
import { runPure } from "../harness/run-pure.ts";
import { disposeParams, sampleGrads, sampleParams } from "../harness/samples.ts";
import { contextOf, type Subject } from "../harness/subject.ts";

/** The same two steps on every backend at hand: stock cpu and wasm, and what `adapters` open. */
export function backendCases(
  subject: Subject,
  adapters: readonly BackendAdapter[],
  tolerance: number,
): readonly Case[] {
  return [
    onCpu("backends", `two steps on every backend agree with cpu within ${tolerance}`, async () => {
      const expected = await twoSteps(subject);
      const agree = async (where: string): Promise<void> => {
        (await twoSteps(subject)).forEach((values, i) => {
          checkClose(values, expected[i] as Values, tolerance, `Step ${i} on ${where}`);
        });
      };
      for (const name of Object.keys(tf.engine().registryFactory)) {
        if (name === "cpu" || !(await tf.setBackend(name))) continue;
        await agree(name);
      }
      for (const adapter of adapters) {
        const session = await adapter.init();
        try {
          await agree(`the adapter ${adapter.name}`);
        } finally {
          await session.dispose();
          await tf.setBackend("cpu");
        }
      }
    }),
  ];
}

async function twoSteps(subject: Subject): Promise<readonly Values[]> {
  const params = sampleParams();
  const steps = [0, 1].map((seed) => sampleGrads(params, seed));
  const got = runPure(subject.make(), params, steps).map(({ grads }) => grads);
  tf.dispose(steps as tf.NamedTensorMap[]);
  disposeParams(params);
  return got;
}

/** `applyFused`: refuses without a trace where the kernel is missing, equals `transform` where it is not. */
export function fusedCases(
  make: () => AnyRule,
  adapters: readonly BackendAdapter[],
  tolerance: number,
): readonly Case[] {
  return [
    onCpu("fused", "the fused path equals the composed one, and touches nothing where there is no kernel", async () => {
      if (!make().applyFused) return;
      compare(make, tolerance, "cpu");
      for (const adapter of adapters) {
        const session = await adapter.init();
        try {
          compare(make, tolerance, adapter.name);
        } finally {
          await session.dispose();
          await tf.setBackend("cpu");
        }
      }
    }),
  ];
}

/** Three steps by each path from the same weights; the fused one writes the variables itself. */
function compare(make: () => AnyRule, tolerance: number, where: string): void {
  const [fused, composed] = [sampleParams(), sampleParams()];
  tf.tidy(() => {
    const [a, b] = [make(), make()];
    const [ctxA, ctxB] = [contextOf(fused), contextOf(composed)];
    let [stateA, stateB] = [a.init(ctxA.params, fused), b.init(ctxB.params, composed)];
    for (let step = 0; step < 3; step++) {
      const grads = sampleGrads(fused, step);
      const before = { grads: read(grads), weights: read(ctxA.params) };
      const variables = ctxA.params as { readonly [name: string]: tf.Variable };
      const out = a.applyFused?.(variables, grads, stateA, { ...ctxA, step });
      checkBits(read(grads), before.grads, `On ${where}, a gradient given to applyFused changed`);
      if (!out) {
        checkBits(read(ctxA.params), before.weights, `On ${where}, applyFused returned undefined, and the weights`);
        return;
      }
      stateA = out.state;
      const plain = b.transform(grads, stateB, { ...ctxB, step });
      stateB = plain.state;
      subtract(composed, plain.grads);
      checkClose(read(ctxA.params), read(ctxB.params), tolerance, `On ${where}, step ${step}, fused against composed`);
    }
  });
  disposeParams([...fused, ...composed]);
}

function subtract(params: readonly { name: string; variable: tf.Variable }[], updates: TensorMap): void {
  for (const { name, variable } of params) variable.assign(tf.sub(variable, updates[name] as tf.Tensor));
}

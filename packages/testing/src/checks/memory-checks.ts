import * as tf from "@tensorflow/tfjs-core";
import { check, checkBits, read } from "../harness/assertions.ts";
import { type ConformanceCheck, onCpu } from "../harness/conformance-check.ts";
import { failAt } from "../harness/fail-at.ts";
import { disposeParams, sampleGrads, sampleParams } from "../harness/samples.ts";
import { type Subject, takeSteps } from "../harness/subject.ts";

/** Checks the memory of an optimizer that contains the hook or rule. */
export function memoryChecks(subject: Subject): readonly ConformanceCheck[] {
  return [
    onCpu("leaks no tensor over 20 steps, and frees its state", () => {
      const start = tf.memory().numTensors;
      const params = sampleParams();
      const optimizer = subject.optimizer(params);
      takeSteps(optimizer, 2);
      const before = tf.memory().numTensors;
      takeSteps(optimizer, 20, 2);
      const grown = tf.memory().numTensors - before;
      optimizer.dispose();
      disposeParams(params);
      const left = tf.memory().numTensors - start;
      check(
        grown === 0,
        `20 steps left ${grown} tensor(s). Do not call tf.keep: core keeps the tensors that the state contains.`,
      );
      check(left === 0, `dispose() left ${left} tensor(s). Put tensors that must survive a step into the state.`);
    }),
    onCpu("leaks no tensor and changes no weight if any of its ops throws", async () => {
      const params = sampleParams();
      const optimizer = subject.optimizer(params);
      const variables = Object.fromEntries(params.map(({ name, variable }) => [name, variable]));
      takeSteps(optimizer, 1);
      const weights = read(variables);
      const grads = sampleGrads(params, 7);
      const before = tf.memory().numTensors;
      try {
        for (let n = 0; ; n++) {
          if (!(await failAt(n, () => optimizer.applyNamed(grads)))) break;
          const grown = tf.memory().numTensors - before;
          check(grown === 0, `A step that threw at op ${n} left ${grown} tensor(s).`);
          checkBits(read(variables), weights, `After a step that threw at op ${n}, the weights`);
        }
      } finally {
        for (const grad of Object.values(grads)) if (!grad.isDisposed) grad.dispose();
        optimizer.dispose();
        disposeParams(params);
      }
    }),
  ];
}

import * as tf from "@tensorflow/tfjs-core";
import { check, checkBits, read } from "../harness/assertions.ts";
import { type Case, onCpu } from "../harness/conformance-check.ts";
import { failAt } from "../harness/fail-at.ts";
import { disposeParams, sampleGrads, sampleParams } from "../harness/samples.ts";
import { type Subject, takeSteps } from "../harness/subject.ts";

/** What the optimizer's memory looks like around steps with the plugin in it. */
export function memoryCases(subject: Subject): readonly Case[] {
  return [
    onCpu("leak", "leaks no tensor over 20 steps, and frees its state", () => {
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
      check(grown === 0, `20 steps left ${grown} tensor(s). Core keeps what the state mentions: never call tf.keep.`);
      check(left === 0, `${left} tensor(s) are left after dispose(). Tensors live in the state or in the tidy.`);
    }),
    onCpu("throw", "leaks no tensor and moves no weight when one of its ops throws, whichever it is", async () => {
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
          const more = tf.memory().numTensors - before;
          check(more === 0, `A throw at op ${n} of a step left ${more} tensor(s).`);
          checkBits(read(variables), weights, `After a throw at op ${n}, the weights`);
        }
      } finally {
        for (const grad of Object.values(grads)) if (!grad.isDisposed) grad.dispose();
        optimizer.dispose();
        disposeParams(params);
      }
    }),
  ];
}

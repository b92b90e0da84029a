import * as tf from "@tensorflow/tfjs-core";
import { HookedOptimizer, type LayersLike, namedParams, sgd } from "../../../packages/core/src/index.ts";
import { plainNet } from "./nets.ts";

/** Memory functions of a GPU session. */
export interface MemorySession {
  memory(): { readonly used: number; readonly allocated: number };
  trim(): number;
}

/** Bytes after training at changing batch sizes. */
export interface PoolReport {
  /** Bytes of all live tensors. */
  readonly live: number;
  readonly beforeTrim: number;
  readonly afterTrim: number;
  readonly freed: number;
}

/** Takes one step at each of `sizes` batch sizes, and reads the memory while the last net is alive. */
export async function changingBatchSizes(session: MemorySession, sizes: number = 12): Promise<PoolReport> {
  for (let batch = 1; batch <= sizes; batch++) {
    const net = plainNet(batch);
    const optimizer = new HookedOptimizer({
      params: namedParams(net.model as unknown as LayersLike),
      rule: sgd({ momentum: 0.9 }),
      learningRate: 0.01,
    });
    const loss = tf.tidy(() => optimizer.minimize(net.loss, true) as tf.Scalar);
    await loss.data();
    if (batch === sizes) {
      const beforeTrim = session.memory().allocated;
      const freed = session.trim();
      const report = { live: tf.memory().numBytes, beforeTrim, afterTrim: session.memory().allocated, freed };
      // Check that the trimmed pool still works.
      const after = tf.tidy(() => optimizer.minimize(net.loss, true) as tf.Scalar);
      if (!Number.isFinite((await after.data())[0]))
        throw new Error("The loss of the step after trim() is not finite.");
      tf.dispose([loss, after]);
      optimizer.dispose();
      net.dispose();
      return report;
    }
    loss.dispose();
    optimizer.dispose();
    net.dispose();
  }
  throw new Error("unreachable");
}

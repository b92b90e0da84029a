import * as tf from "@tensorflow/tfjs-core";
import type { Assembly } from "../assembly/assembly.ts";

/** A copy of the moving statistics. A forward pass writes them, also in a step that is not applied. */
export interface MovingStatistics {
  putBack(): void;
  dispose(): void;
}

/** Keeps the present values without copying them. Leaves out statistics that a patch keeps frozen. */
export function movingStatistics({ statistics, held }: Assembly): MovingStatistics {
  const moving = statistics.filter((weight) => !held.includes(weight));
  const before = moving.map(({ variable }) => tf.keep(tf.clone(variable)));
  return {
    putBack() {
      moving.forEach(({ variable }, i) => {
        variable.assign(before[i] as tf.Tensor);
      });
    },
    dispose: () => tf.dispose(before),
  };
}

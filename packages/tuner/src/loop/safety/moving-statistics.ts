import * as tf from "@tensorflow/tfjs-core";
import type { Assembly } from "../assembly/assembly.ts";

/** Moving statistics as they were. A forward pass writes them, also that of a step that is not taken. */
export interface MovingStatistics {
  putBack(): void;
  dispose(): void;
}

/** Shares the values with the variables: nothing is copied. Held statistics do not move and are left out. */
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

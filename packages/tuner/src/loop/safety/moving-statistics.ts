import * as tf from "@tensorflow/tfjs-core";
import type { Assembly } from "../assembly/assembly.ts";

/** The moving statistics and the states of layers. A forward pass writes them, also in a step that is not applied. */
export interface MovingStatistics {
  putBack(): void;
  dispose(): void;
}

/** Keeps the present values without copying them. Leaves out statistics that a patch keeps frozen. */
export function movingStatistics({ statistics, held, states }: Assembly): MovingStatistics {
  const heldStates = states.hold();
  const moving = statistics.filter((weight) => !held.includes(weight));
  const before = moving.map(({ variable }) => tf.keep(tf.clone(variable)));
  return {
    putBack() {
      moving.forEach(({ variable }, i) => {
        variable.assign(before[i] as tf.Tensor);
      });
      heldStates.putBack();
    },
    dispose() {
      tf.dispose(before);
      heldStates.dispose();
    },
  };
}

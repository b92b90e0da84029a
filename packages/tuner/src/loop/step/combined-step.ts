import { type AnyCombiner, RecipeError, type TaskTrainer, type TensorMap, taskTrainer } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { CutModel } from "../../models/adapter/model-adapter.ts";
import type { Batch } from "../../pipeline/batches/batch.ts";
import type { Assembly } from "../assembly/assembly.ts";
import type { BatchOutcome } from "../forward/batch-outcome.ts";
import { measure, outputLoss, predict, scaled } from "../forward/forward.ts";
import { explained } from "./explain-error.ts";

type Apply = (loss: tf.Scalar, grads: TensorMap) => Promise<boolean>;

/** A step that merges the gradients of several outputs. */
export interface CombinedStep {
  readonly trainer: TaskTrainer;
  /** Runs a step. @param apply takes it from the sum of the losses and the merged gradient, and returns whether it did */
  step(cut: CutModel, batch: Batch, afterForward: () => void, apply: Apply): Promise<BatchOutcome>;
}

/** Creates the step. @throws RecipeError with `accumulate`, because a combiner needs all tasks of a step at once; and with `sam` */
export function combinedStep(assembly: Assembly, combiner: AnyCombiner): CombinedStep {
  const { optimizer, statistics, losses, lossWeights, adapter } = assembly;
  if (assembly.options.accumulate > 1) {
    throw new RecipeError(
      "`accumulate` and `combiner` do not go together.",
      "Leave one of them out; raise batchSize instead.",
    );
  }
  if (assembly.options.sam !== undefined) {
    throw new RecipeError(
      "`sam` and `combiner` do not go together: `sam` climbs along the gradient of one loss.",
      "Leave one of them out.",
    );
  }
  const trainer = taskTrainer({
    optimizer,
    combiner: checked(combiner),
    statistics: statistics.map(({ variable }) => variable),
  });
  return {
    trainer,
    async step(cut, batch, afterForward, apply) {
      let metrics: readonly tf.Tensor[] = [];
      const each: tf.Scalar[] = [];
      let loss: tf.Scalar | undefined;
      let current: string | undefined;
      const byTask = Object.fromEntries(
        adapter.ports.outputNames.map((name, task) => [
          name,
          () => {
            current = name;
            const outputs = predict(assembly, cut, batch, 0);
            if (task === 0) metrics = measure(assembly, batch, outputs);
            afterForward();
            const plain = outputLoss(losses, batch, outputs, task);
            each[task] = tf.keep(tf.clone(plain));
            const loss = scaled(plain, lossWeights[task]);
            return task === 0 ? (tf.addN([loss, ...cut.penalties()]) as tf.Scalar) : loss;
          },
        ]),
      );
      try {
        const values = await trainer.step(byTask, async (losses, grads) => {
          current = undefined;
          loss = tf.tidy(() => tf.addN(Object.values(losses)) as tf.Scalar);
          return apply(loss, grads);
        });
        tf.dispose(values);
        return { loss: loss as unknown as tf.Scalar, each, metrics };
      } catch (error) {
        tf.dispose([...metrics, ...each.filter(Boolean), ...(loss ? [loss] : [])]);
        throw explained(error, current);
      }
    },
  };
}

/** Checks the weights that a combiner returns. @throws RecipeError if there is not one per task */
function checked(combiner: AnyCombiner): AnyCombiner {
  if (!("weigh" in combiner)) return combiner;
  const weigh: typeof combiner.weigh = (gram, tasks, ...rest) => {
    const found = combiner.weigh(gram, tasks, ...rest);
    if (found?.weights?.length === tasks.length) return found;
    throw new RecipeError(
      `The combiner \`${combiner.name}\` returned ${found?.weights?.length ?? "no"} weight(s) for ${tasks.length} tasks.`,
      "`weigh` must return `{ weights, state }` with one weight per task.",
    );
  };
  return Object.create(combiner, { weigh: { value: weigh } }) as AnyCombiner;
}

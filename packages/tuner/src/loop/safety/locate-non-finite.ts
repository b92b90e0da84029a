import * as tf from "@tensorflow/tfjs-core";
import { gradientTape } from "../../corrections/gradient-tape.ts";
import { type CutModel, valueAt } from "../../models/adapter/model-adapter.ts";
import type { Batch } from "../../pipeline/batches/batch.ts";
import type { Assembly } from "../assembly/assembly.ts";
import { predict, totalLoss } from "../forward/forward.ts";
import { movingStatistics } from "./moving-statistics.ts";

/** A value that was checked, and a scalar that is 1 if all its elements are finite. */
interface Check {
  readonly what: string;
  readonly finite: tf.Tensor;
}

/**
 * Repeats the forward and backward pass of a bad step, checks every value, and describes the first one that is not finite: its
 * layer (or node) and its op. The weights do not change.
 *
 * The guard checks only whether a step is bad, which takes one read per step. This function finds the place, and runs only before
 * an error is thrown.
 *
 * @returns undefined if every value is finite.
 */
export async function locateNonFinite(
  assembly: Assembly,
  cut: CutModel,
  batch: Batch,
  micro: number,
): Promise<string | undefined> {
  const checks: Check[] = [];
  const check = (what: string, tensor: tf.Tensor): void => {
    if (tensor.isDisposed || tensor.dtype !== "float32") return;
    checks.push({ what, finite: tf.keep(tf.tidy(() => tf.cast(tf.all(tf.isFinite(tensor)), "int32"))) });
  };
  for (const [i, { tensor }] of batch.values.entries()) {
    const { source, name } = valueAt(cut, i);
    const what = source < 0 ? `the cached output of \`${name}\`` : `the input \`${name}\``;
    check(`In ${what}. Check the data.`, tensor);
  }
  batch.labels.forEach((tensor, i) => {
    const output = assembly.adapter.ports.outputNames[i];
    const what = output === undefined ? "In `sampleWeights`." : `In the labels of \`${output}\`.`;
    check(`${what} Check the data.`, tensor);
  });
  const { optimizer } = assembly;
  const statistics = movingStatistics(assembly);
  try {
    const { value, grads } = optimizer.computeGradients(() => {
      const places = new Map<number, string>();
      const note = (place: string, outputs: readonly tf.Tensor[]): void => {
        for (const { id } of outputs) places.set(id, place);
      };
      const outputs = predict(assembly, cut, batch, micro, note);
      const forward = gradientTape().length;
      const loss = totalLoss(assembly, cut, batch, outputs);
      watch(forward, places, check);
      return loss;
    });
    tf.dispose([value, grads]);
    const finite = tf.tidy(() => tf.stack(checks.map(({ finite }) => finite)));
    const first = (await finite.data()).indexOf(0);
    finite.dispose();
    return checks[first]?.what;
  } finally {
    statistics.putBack();
    statistics.dispose();
    tf.dispose(checks.map(({ finite }) => finite));
  }
}

/** Checks the outputs of all ops that are on the tape now, and the gradients that these ops will compute. */
function watch(
  forward: number,
  places: ReadonlyMap<number, string>,
  check: (what: string, tensor: tf.Tensor) => void,
): void {
  // A copy: the checks themselves add ops to the tape.
  const nodes = [...gradientTape()];
  const where: string[] = [];
  let place = "";
  // Backwards: the ops that make a layer's output come before it on the tape.
  for (let i = nodes.length - 1; i >= 0; i--) {
    const noted = nodes[i]?.outputs.map(({ id }) => places.get(id)).find((name) => name !== undefined);
    if (i >= forward) place = " in the loss";
    else if (noted !== undefined) place = ` in ${noted}`;
    else if (i === forward - 1) place = "";
    where[i] = place;
  }
  nodes.forEach((node, i) => {
    // tfjs gives the name of a kernel ("Exp") or of a function ("exp__op").
    const op = node.kernelName === "unnamed scope" ? "an op" : `\`${node.kernelName.replace(/__op$/, "")}\``;
    for (const output of node.outputs) check(`In the output of ${op}${where[i]}.`, output);
    const { gradient } = node;
    if (!gradient) return;
    node.gradient = (dys) => {
      const watched = Object.entries(gradient(dys)).map(([input, give]) => {
        const seen = (): tf.Tensor => {
          const dx = give();
          check(`In the gradient of ${op}${where[i]}.`, dx);
          return dx;
        };
        return [input, seen] as const;
      });
      return Object.fromEntries(watched);
    };
  });
}

import * as tf from "@tensorflow/tfjs-core";
import { type CutModel, valueAt } from "../../models/adapter/model-adapter.ts";
import type { Batch } from "../../pipeline/batches/batch.ts";
import type { Assembly } from "../assembly/assembly.ts";
import { predict, totalLoss } from "../forward/forward.ts";
import { gradientTape } from "./gradient-tape.ts";
import { movingStatistics } from "./moving-statistics.ts";

/** A value that was looked at, and a scalar that is 1 where all of it is finite. */
interface Check {
  readonly what: string;
  readonly finite: tf.Tensor;
}

/**
 * Takes a bad step's passes again, looking at every value on the way, and says where the first came up that is not finite:
 * the layer (or node) and the op, forward first, then backward. The weights are left alone.
 *
 * @returns undefined where every value is finite.
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
    const what = source < 0 ? `what \`${name}\` gives, which is cached` : `the input \`${name}\``;
    check(`In ${what}: look at the data.`, tensor);
  }
  batch.labels.forEach((tensor, i) => {
    check(`In the labels of \`${assembly.adapter.ports.outputNames[i]}\`: look at the data.`, tensor);
  });
  const { optimizer, losses } = assembly;
  const statistics = movingStatistics(assembly);
  try {
    const { value, grads } = optimizer.computeGradients(() => {
      const places = new Map<number, string>();
      const note = (place: string, outputs: readonly tf.Tensor[]): void => {
        for (const { id } of outputs) places.set(id, place);
      };
      const outputs = predict(assembly, cut, batch, micro, note);
      const forward = gradientTape().length;
      const loss = totalLoss(losses, cut, batch, outputs);
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

/** Looks at the outputs of all ops on the tape now, and at the gradients they will give. */
function watch(
  forward: number,
  places: ReadonlyMap<number, string>,
  check: (what: string, tensor: tf.Tensor) => void,
): void {
  // The checks themselves go on the tape.
  const nodes = [...gradientTape()];
  const where: string[] = [];
  let place = "";
  // From the end: what a layer's output is made of stands before it.
  for (let i = nodes.length - 1; i >= 0; i--) {
    const noted = nodes[i]?.outputs.map(({ id }) => places.get(id)).find((name) => name !== undefined);
    if (i >= forward) place = " in the loss";
    else if (noted !== undefined) place = ` in ${noted}`;
    else if (i === forward - 1) place = "";
    where[i] = place;
  }
  nodes.forEach((node, i) => {
    // tfjs names a kernel, or the function around a copy or a gradient of its own: "exp__op".
    const op = node.kernelName === "unnamed scope" ? "an op" : `\`${node.kernelName.replace(/__op$/, "")}\``;
    for (const output of node.outputs) check(`Out of ${op}${where[i]}.`, output);
    const { gradient } = node;
    if (!gradient) return;
    node.gradient = (dys) => {
      const watched = Object.entries(gradient(dys)).map(([input, give]) => {
        const seen = (): tf.Tensor => {
          const dx = give();
          check(`Out of the gradient of ${op}${where[i]}.`, dx);
          return dx;
        };
        return [input, seen] as const;
      });
      return Object.fromEntries(watched);
    };
  });
}

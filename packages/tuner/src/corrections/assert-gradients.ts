import { type HookedOptimizer, OptionsError, type Param } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { gradientTape, type TapeNode } from "./gradient-tape.ts";
import type { CutModel, ModelAdapter } from "../models/adapter/model-adapter.ts";
import { everyLayer } from "./every-layer.ts";

/** A forward pass to examine. */
export interface TrialPass {
  readonly adapter: ModelAdapter;
  readonly optimizer: HookedOptimizer;
  readonly cut: CutModel;
  readonly params: readonly Param[];
  /** Makes inputs for few examples, within a tidy. */
  readonly inputs: () => readonly tf.Tensor[];
}

/**
 * Computes the gradient of the outputs for few examples and throws it away, to find ops without a gradient before the trunk runs and
 * before the first step. The pass is one of inference: no statistic moves and nothing is dropped. Functions of the user, which may count
 * their calls, are not called: neither a loss nor a model of plain functions.
 *
 * Other errors of this pass are ignored. The first step will meet them, with a message that names the place.
 *
 * @throws OptionsError that names the layer (or node) and the op.
 */
export function assertGradients({ adapter, optimizer, cut, params, inputs }: TrialPass): void {
  const places = new Map<number, string>();
  let ops: readonly TapeNode[] = [];
  let failing: TapeNode | undefined;
  try {
    tf.tidy(() => {
      const values = cut.runTrunk(inputs());
      const note = (place: string, outputs: readonly tf.Tensor[]): void => {
        for (const { id } of outputs) places.set(id, place);
      };
      const pass = (): tf.Scalar => {
        const outputs = cut.runTail(values, false, note);
        const total = tf.addN(outputs.map((y) => tf.sum(y))) as tf.Scalar;
        ops = [...gradientTape()];
        for (const op of ops) {
          const { gradient } = op;
          op.gradient = (dys) => {
            failing = op;
            if (!gradient) throw new Error(NO_GRADIENT);
            return gradient(dys);
          };
        }
        return total;
      };
      optimizer.computeGradients(
        pass,
        params.map(({ variable }) => variable),
      );
    });
  } catch (error) {
    const { message } = error as Error;
    if (ops.length === 0) throwIfMisshapen(adapter, message);
    if (!failing || !/gradient/i.test(message)) return;
    const name = failing.kernelName.replace(/__op$/, "");
    const reason = message === NO_GRADIENT ? `tfjs has no gradient for \`${name}\`` : `\`${name}\`: ${message}`;
    const at = ops.indexOf(failing);
    throw new OptionsError(
      `${placeOf(at, ops, places) ?? "The model"} cannot be trained: ${reason}.`,
      "Train only layers after it: leave it and the layers before it out of `trainable`. Or replace it by a layer that has a gradient.",
      { cause: error },
    );
  }
}

const NO_GRADIENT = "no gradient";

/** Returns the layer or node that op `at` is a part of: the one whose output comes next on the tape. */
function placeOf(at: number, ops: readonly TapeNode[], places: ReadonlyMap<number, string>): string | undefined {
  for (const { outputs } of ops.slice(at)) {
    const place = outputs.map(({ id }) => places.get(id)).find((name) => name !== undefined);
    if (place !== undefined) return place;
  }
  return undefined;
}

/**
 * tfjs-layers computes the output shape of a causal Conv1D as without padding. A layer after it that depends on the length was built for
 * the wrong one, and throws.
 */
function throwIfMisshapen({ patchable }: ModelAdapter, message: string): void {
  const causal = everyLayer(patchable).find(({ layer }) => {
    const { padding } = layer as { readonly padding?: string };
    return padding === "causal" && (layer as { getClassName(): string }).getClassName() === "Conv1D";
  });
  if (!causal) return;
  throw new OptionsError(
    `\`${causal.path}\` (Conv1D): tfjs-layers states a wrong output length for \`padding: "causal"\`, and a layer after it was built for that length: ${message}`,
    'Use `padding: "valid"` behind a layer that pads in front. Or load the model from its Keras file with loadModel, whose layer has the right shape.',
  );
}

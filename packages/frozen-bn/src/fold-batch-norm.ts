import {
  assertOptions,
  GraftError,
  type LayerLike,
  type LayersLike,
  type ModelPatch,
  type OptionsSchema,
  optionsSchema,
  type PatchHandle,
  type Selector,
} from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { builtInActivation } from "./blocks/activation.ts";
import { foldedKernel } from "./blocks/folded-kernel.ts";
import { asLinearLayer, type LinearLayer } from "./blocks/linear-layer.ts";
import { foldedBias } from "./blocks/run-block.ts";
import type { BatchNormLayer } from "./layers/batch-norm-layer.ts";
import { type CallOptions, onlyTensor } from "./layers/callable-layer.ts";
import { type FoundBatchNorm, findBatchNorms } from "./layers/find-batch-norms.ts";
import { outputLayers } from "./layers/layer-graph.ts";
import { overrideCall } from "./layers/override-call.ts";

export interface FoldBatchNormOptions {
  /** Which batch norm layers. Named ones must all be foldable; without a name, those that are not stay. @default every batch norm */
  readonly layers?: Selector;
}

export const foldBatchNormOptions: OptionsSchema<FoldBatchNormOptions> = optionsSchema<FoldBatchNormOptions>({
  layers: { description: "Selector of the batch norm layers, over their weights. Default: all that can be folded" },
});

/** Layers that are folded at this moment, by whichever call: a second fold would scale their kernels twice. */
const foldedNow = new WeakSet<LayerLike>();

/**
 * Folds batch norm into the Conv2D, DepthwiseConv2D, Conv2DTranspose or Dense layer before it, for inference:
 * w·s and (b − μ)·s + β with s = γ/√(σ² + ε).
 *
 * The weights of the model stay as they are (it saves as before); the layers compute with folded copies of their kernels while
 * no gradient is recorded and `training` is not set, and as before otherwise. Apply it after training; the output of a
 * folded convolution is that of its batch norm.
 *
 * @throws OptionsError; at `apply` GraftError where a named layer, or every layer, cannot be folded, with the reason for each: no
 *   linear layer before it, one whose output something else reads as well, one with an activation, a shared layer, one folded
 *   already. The model is then unchanged.
 */
export function foldBatchNorm(options: FoldBatchNormOptions = {}): ModelPatch {
  assertOptions("fold-bn", foldBatchNormOptions, options);
  return { name: "fold-bn", apply: (model) => apply(model, options) };
}

function apply(model: LayersLike, { layers }: FoldBatchNormOptions): PatchHandle {
  const found = findBatchNorms(model, layers);
  const outputs = outputLayers(model);
  const plans = found.map((place) => ({ place, plan: planFor(place.layer, outputs) }));
  const pairs = plans.flatMap(({ place, plan }) => (typeof plan === "string" ? [] : [{ place, linear: plan }]));
  const refused = plans.flatMap(({ place, plan }) => (typeof plan === "string" ? [`${place.path}: ${plan}`] : []));
  if (pairs.length === 0 || (layers !== undefined && refused.length > 0)) {
    throw new GraftError(
      `${refused.length} of ${found.length} batch norm layers cannot be folded:\n  ${refused.join("\n  ")}`,
      "Leave them out of `layers`; without `layers`, those that can be folded are, and the others stay.",
    );
  }
  const undo = pairs.flatMap(({ place, linear }) => foldPair(place, linear));
  return {
    summary: `${pairs.length} of ${found.length} batch norm layers folded${refused.length > 0 ? `; ${refused.join("; ")}` : ""}`,
    restore: () => {
      for (const step of undo.splice(0).reverse()) step();
    },
  };
}

interface NodeLike {
  readonly inboundLayers: readonly LayerLike[];
}

interface Wired {
  readonly inboundNodes: readonly NodeLike[];
  readonly outboundNodes: readonly unknown[];
}

/** The linear layer that takes the batch norm in, or why none can. */
function planFor(norm: BatchNormLayer, outputs: ReadonlySet<LayerLike>): LinearLayer | string {
  if (foldedNow.has(norm)) return "it is folded already";
  const { inboundNodes = [] } = norm as Partial<Wired>;
  if (inboundNodes.length !== 1) return `it is applied ${inboundNodes.length} times, behind different layers`;
  const before = inboundNodes[0]?.inboundLayers[0];
  const linear = before && asLinearLayer(before);
  if (!before || !linear)
    return `it follows ${before?.getClassName() ?? "the input"}, not a convolution or dense layer`;
  if (builtInActivation(before) !== "linear") return `\`${before.name}\` before it has an activation of its own`;
  const { inboundNodes: uses, outboundNodes: readers } = before as LayerLike & Wired;
  if (uses.length !== 1) return `\`${before.name}\` before it is applied ${uses.length} times`;
  if (readers.length !== 1 || outputs.has(before))
    return `the output of \`${before.name}\` before it is read elsewhere too`;
  const rank = before.getClassName() === "Dense" ? undefined : 4;
  if (norm.axis !== -1 && norm.axis + 1 !== rank) return `its axis ${norm.axis} is not that of the channels`;
  return linear;
}

function foldPair({ layer: norm }: FoundBatchNorm, linear: LinearLayer): readonly (() => void)[] {
  const folded = foldedKernel(linear, norm);
  const finished = new WeakSet<tf.Tensor>();
  const inference = (kwargs: CallOptions | undefined): boolean =>
    kwargs?.training !== true && tf.engine().state.gradientDepth === 0;
  foldedNow.add(norm);
  return [
    () => foldedNow.delete(norm),
    () => folded.drop(),
    overrideCall(linear.layer, (former) => (inputs, kwargs) => {
      if (!inference(kwargs)) {
        folded.drop();
        return former(inputs, kwargs);
      }
      const y = tf.tidy(() => {
        const { kernel, scale } = folded.read();
        return linear.forward(onlyTensor(inputs), kernel, foldedBias(linear, norm, scale), "linear");
      });
      finished.add(y);
      return y;
    }),
    overrideCall(norm, (former) => (inputs, kwargs) => {
      const x = onlyTensor(inputs);
      return finished.has(x) ? tf.clone(x) : former(inputs, kwargs);
    }),
  ];
}

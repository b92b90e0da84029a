import {
  type CallOptions,
  GraftError,
  type LayerLike,
  type LayersLike,
  type ModelPatch,
  onlyTensor,
  type OptionsSchema,
  optionsSchema,
  type PatchHandle,
  type Selector,
} from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { builtInActivation } from "./blocks/activation.ts";
import { asLinearLayer } from "./blocks/as-linear-layer.ts";
import { foldedKernel } from "./blocks/folded-kernel.ts";
import type { LinearLayer } from "./blocks/linear-layer.ts";
import { foldedBias } from "./blocks/run-block.ts";
import type { BatchNormLayer } from "./layers/batch-norm-layer.ts";
import { type FoundBatchNorm, findBatchNorms } from "./layers/find-batch-norms.ts";
import { type ConnectedLayer, outputLayers } from "./layers/layer-graph.ts";
import { hasOtherCall, overrideOwnCall } from "./layers/own-calls.ts";

/** Options of {@link foldBatchNorm}. */
export interface FoldBatchNormOptions {
  /** Selects batch norm layers by their weights. All selected layers must be foldable. @default all that can be folded */
  readonly layers?: Selector;
}

/** Schema of {@link FoldBatchNormOptions}. */
export const foldBatchNormOptions: OptionsSchema<FoldBatchNormOptions> = optionsSchema<FoldBatchNormOptions>({
  layers: { description: "Selector of the batch norm layers, over their weights. Default: all that can be folded" },
});

/** Layers that are folded now, by any call. A second fold would scale their kernels twice. */
const foldedLayers = new WeakSet<LayerLike>();

/**
 * Folds batch norm into the Conv2D, DepthwiseConv2D, Conv2DTranspose or Dense layer before it, for inference. The linear
 * layer then computes with the kernel w·s and the bias (b − μ)·s + β, with s = γ/√(σ² + ε).
 *
 * The weights of the model do not change, and the model saves as before. The layers use folded copies of their kernels if
 * no gradient is recorded and `training` is not set. Otherwise they compute as before. A folded linear layer returns the
 * output of its batch norm. Apply the patch after training.
 *
 * @throws OptionsError if an option is wrong. At `apply`, GraftError if a selected layer, or every layer, cannot be folded.
 *   It gives the reason for each: no linear layer before it, a linear layer with an activation or with another reader, a
 *   shared layer, a layer that is already folded. The model is then unchanged.
 */
export function foldBatchNorm(options: FoldBatchNormOptions = {}): ModelPatch {
  foldBatchNormOptions.parse("fold-bn", options);
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
      "Leave these layers out of `layers`. Without `layers`, all layers that can be folded are folded, and the others stay.",
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

/** Returns the linear layer that takes the batch norm in, or the reason why it cannot be folded. */
function planFor(norm: BatchNormLayer, outputs: ReadonlySet<LayerLike>): LinearLayer | string {
  if (foldedLayers.has(norm)) return "it is folded already";
  const { inboundNodes = [] } = norm as ConnectedLayer;
  if (inboundNodes.length !== 1) return `it is applied ${inboundNodes.length} times, after different layers`;
  const before = inboundNodes[0]?.inboundLayers[0];
  const linear = before && asLinearLayer(before);
  if (!before || !linear)
    return `it follows ${before?.getClassName() ?? "the input"}, not a convolution or dense layer`;
  if (hasOtherCall(before))
    return `another patch, such as an adapter, replaced the call of \`${before.name}\` before it`;
  if (builtInActivation(before) !== "linear") return `\`${before.name}\` before it has an activation`;
  const { inboundNodes: uses = [], outboundNodes: readers = [] } = before as ConnectedLayer;
  if (uses.length !== 1) return `\`${before.name}\` before it is applied ${uses.length} times`;
  if (readers.length !== 1 || outputs.has(before))
    return `another layer also reads the output of \`${before.name}\` before it`;
  const rank = before.getClassName() === "Dense" ? undefined : 4;
  if (norm.axis !== -1 && norm.axis + 1 !== rank) return `its axis ${norm.axis} is not the axis of the channels`;
  return linear;
}

function foldPair({ layer: norm }: FoundBatchNorm, linear: LinearLayer): readonly (() => void)[] {
  const folded = foldedKernel(linear, norm);
  const finished = new WeakSet<tf.Tensor>();
  const isInference = (kwargs: CallOptions | undefined): boolean =>
    kwargs?.training !== true && tf.engine().state.gradientDepth === 0;
  foldedLayers.add(norm);
  return [
    () => foldedLayers.delete(norm),
    () => folded.drop(),
    overrideOwnCall(linear.layer, (previous) => (inputs, kwargs) => {
      if (!isInference(kwargs)) {
        folded.drop();
        return previous(inputs, kwargs);
      }
      const y = tf.tidy(() => {
        const { kernel, scale } = folded.read();
        return linear.forward(onlyTensor(inputs), kernel, foldedBias(linear, norm, scale), "linear");
      });
      finished.add(y);
      return y;
    }),
    overrideOwnCall(norm, (previous) => (inputs, kwargs) => {
      const x = onlyTensor(inputs);
      return finished.has(x) ? tf.clone(x) : previous(inputs, kwargs);
    }),
  ];
}

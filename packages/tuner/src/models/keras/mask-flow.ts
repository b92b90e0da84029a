import type * as tf from "@tensorflow/tfjs-core";
import type * as layers from "@tensorflow/tfjs-layers";
import { LoadError } from "../../files/load-error.ts";
import type { Dialect } from "./dialect.ts";

/**
 * The state of a value's mask: none, one that tfjs-layers computes as Keras does, or one that only Keras computes. Keras merges the
 * masks of several inputs; tfjs-layers takes the first.
 */
type Mask = "none" | "same" | "merged";

type Layer = layers.layers.Layer & { supportsMasking: boolean };
type Model = {
  readonly layers: readonly Layer[];
  readonly outputs: readonly layers.SymbolicTensor[];
  readonly name: string;
};

/** Layers that make a mask. */
const MAKES = new Set(["Masking", "Embedding"]);
/** Layers that compute something else behind a mask. */
const READS = new Set([
  ...["SimpleRNN", "LSTM", "GRU", "RNN", "ConvLSTM2D", "Bidirectional", "KerasBidirectional", "KerasGRU"],
  ...["Softmax", "KerasGlobalPooling"],
]);
/** Layers that pass a mask on in Keras and not in tfjs-layers. */
const PASSES = new Set(["LeakyReLU", "ELU", "ThresholdedReLU", "Rescaling"]);
const MERGES = new Set(["Add", "Average", "Multiply", "Maximum", "Minimum", "Concatenate", "Dot"]);

/**
 * Makes the masks of a model flow as in Keras, and refuses a model in which they cannot. Two faults of tfjs-layers are avoided: once
 * one layer has a mask, `predict` hands it to all later layers without a mask of their own; and some layers lose the mask.
 *
 * @throws LoadError that names a layer whose mask tfjs-layers cannot compute.
 */
export function settleMasks(model: layers.LayersModel, dialect: Dialect): void {
  flow(model as never, dialect);
}

/** Returns the masks of the model's outputs. */
function flow(model: Model, dialect: Dialect): readonly Mask[] {
  const masks = new Map<string, Mask>();
  const unmasked = new Map<Layer, boolean>();
  const visit = (value: layers.SymbolicTensor): Mask => {
    const layer = value.sourceLayer as Layer;
    const key = `${layer.name}:${value.nodeIndex}`;
    const known = masks.get(key);
    if (known) return known;
    const inputs = value.inputs.map(visit);
    const mask = after(layer, inputs, value, dialect);
    masks.set(key, mask);
    if (READS.has(layer.getClassName())) {
      const none = inputs[0] !== "same";
      if (unmasked.has(layer) && unmasked.get(layer) !== none)
        throw new LoadError(
          `Layer \`${layer.name}\` is called once with a mask and once without.`,
          "Use a layer for each call, with the same weights.",
        );
      unmasked.set(layer, none);
    }
    return mask;
  };
  const made = model.outputs.map(visit);
  const masked = [...masks.values()].some((mask) => mask !== "none");
  if (masked) for (const [layer, none] of unmasked) if (none) ignoreMask(layer);
  return made;
}

/** Returns the mask of a layer's output, and repairs the layer if tfjs-layers would pass it on otherwise. */
function after(layer: Layer, inputs: readonly Mask[], value: layers.SymbolicTensor, dialect: Dialect): Mask {
  const type = layer.getClassName();
  const mask = inputs.find((one) => one !== "none") ?? "none";
  const isModel = "layers" in layer;
  if (READS.has(type) && inputs.includes("merged")) throw lost(layer, "Keras merges the masks of several inputs");
  if (isModel) return ofModel(layer, mask, dialect);
  const { maskZero, returnSequences } = layer as { maskZero?: boolean; returnSequences?: boolean };
  if (MAKES.has(type)) return type === "Masking" || maskZero ? "same" : "none";
  if (mask === "none" || type === "KerasGlobalPooling") return "none";
  if (MERGES.has(type)) {
    layer.computeMask = () => null as never;
    return "merged";
  }
  if (READS.has(type) && type !== "Softmax") return returnSequences ? mask : "none";
  // Keras 3 on JAX hands on the same tensor, and the mask with it, if Reshape changes nothing. On TensorFlow it loses the mask. In
  // tfjs-layers the mask stays in force too.
  const unchanged =
    dialect !== "keras2" && type === "Reshape" && String(value.inputs[0]?.shape) === String(value.shape);
  if (PASSES.has(type) || unchanged) layer.supportsMasking = true;
  return layer.supportsMasking ? mask : "none";
}

function ofModel(layer: Layer, mask: Mask, dialect: Dialect): Mask {
  if (mask !== "none") throw lost(layer, "a model inside another takes no mask");
  const [inner = "none"] = flow(layer as never, dialect);
  if (inner !== "none") layer.supportsMasking = true;
  return inner;
}

/** Keeps a mask that belongs to another value from a layer. */
function ignoreMask(layer: Layer): void {
  const { apply } = layer;
  layer.apply = function (this: Layer, inputs: tf.Tensor, kwargs?: { mask?: unknown }) {
    return apply.call(this, inputs, kwargs?.mask ? { ...kwargs, mask: null } : kwargs);
  } as Layer["apply"];
}

function lost(layer: Layer, why: string): LoadError {
  return new LoadError(
    `Layer \`${layer.name}\` (${layer.getClassName()}) is behind a mask that tfjs-layers cannot compute: ${why}.`,
    "Put the Masking layer right before it, or use no mask.",
  );
}

import {
  type CallableLayer,
  type LayerLike,
  type LayersLike,
  layerPath,
  type NamedWeight,
  namedWeights,
  type PlacedLayer,
  walkLayers,
  type WeightLike,
} from "@graftjs/core";
import { outputAxis, type Target, type TargetKind } from "./target.ts";

/** The fields of tfjs's linear layers that tell how they compute. */
interface LinearFields {
  readonly dataFormat?: string;
  readonly padding?: string;
}

const KINDS: Readonly<Record<string, TargetKind>> = {
  Dense: "dense",
  Conv1D: "conv",
  Conv2D: "conv",
  Conv3D: "conv",
  Conv2DTranspose: "transposed",
  Conv3DTranspose: "transposed",
  Embedding: "embedding",
};

const ROLES: ReadonlySet<string> = new Set(["kernel", "recurrent_kernel", "pointwise_kernel", "embeddings"]);

/**
 * Lists the weights that an adapter can change, in the order of the layers: kernels of dense, convolution and recurrent layers,
 * embeddings, and the kernels of a GraphModel. The kernel of a depthwise convolution is left out: an adapter of rank 1 would be as large as
 * the kernel.
 */
export function findTargets(model: LayersLike): readonly Target[] {
  const named = new Map<unknown, NamedWeight>(namedWeights(model).map((weight) => [weight.variable, weight]));
  return walkLayers(model).flatMap((place) => {
    const layer = callerOf(place) as CallableLayer;
    return layer.weights.flatMap((holder) => {
      const weight = named.get(holder.read());
      return weight && isKernel(layer, weight) ? [targetOf(place, layer, weight, holder)] : [];
    });
  });
}

/** Constants of a GraphModel have names of their own instead of roles. Its layers of this class have a kernel only. */
function isKernel(layer: CallableLayer, { role, shape }: NamedWeight): boolean {
  return shape.length > 1 && (ROLES.has(role) || layer.getClassName() === "GraphKernel");
}

/** Returns the layer that uses the weights itself: for `Bidirectional`, which computes with copies of its layer, the wrapper. */
function callerOf({ layer, around }: PlacedLayer): LayerLike {
  const wrapper = around.find((outer) => !("layers" in outer));
  return wrapper && wrapper.getClassName() !== "TimeDistributed" ? wrapper : layer;
}

function targetOf(place: PlacedLayer, layer: CallableLayer, weight: NamedWeight, holder: WeightLike): Target {
  const kind = kindOf(layer, weight.role);
  const outputs = weight.shape[outputAxis(kind, weight.shape.length)] as number;
  const size = weight.shape.reduce((product, side) => product * side, 1);
  const { name } = weight;
  return { name, path: layerPath(place), kind, layer, weight, holder, outputs, fanIn: size / outputs };
}

function kindOf(layer: CallableLayer, role: string): TargetKind {
  const kind = role === "kernel" || role === "embeddings" ? KINDS[layer.getClassName()] : undefined;
  const { dataFormat = "channelsLast", padding = "valid" } = layer as LinearFields;
  const usual = dataFormat === "channelsLast" && (padding === "valid" || padding === "same");
  return kind && (usual || kind === "dense" || kind === "embedding") ? kind : "inside";
}

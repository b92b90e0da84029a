import {
  formatNames,
  mapTensors,
  type OptimizerHook,
  type OptionsSchema,
  optionsSchema,
  type ParamInfo,
  type RateMultiplier,
  SelectionError,
} from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { adamCancels } from "./adam-cancels.ts";
import type { LayerDepths } from "./layer-depths.ts";

/** Options of {@link layerDecay} and {@link layerDecayRates}. */
export interface LayerDecayOptions {
  /** Depth of each layer by path, for example from `layerDepths(model)`. */
  readonly depths: LayerDepths;
  /** Factor from one depth to the next smaller one, in (0, 1]. @default 0.75 */
  readonly decay?: number;
  /** Number of levels that the depths are grouped into, ≥ 1. Without groups, 50 layers at 0.75 leave 1e-6 for the first. @default one level per depth */
  readonly levels?: number;
}

/** Schema of {@link LayerDecayOptions}. */
export const layerDecayOptions: OptionsSchema<LayerDecayOptions, "decay"> = optionsSchema<LayerDecayOptions, "decay">(
  {
    depths: {
      type: "object",
      additionalProperties: { type: "number", minimum: 0 },
      description: "Depth of each layer, by name, from `layerDepths`",
    },
    decay: {
      type: "number",
      exclusiveMinimum: 0,
      maximum: 1,
      default: 0.75,
      description: "Factor from one depth to the next one below it",
    },
    levels: { type: "integer", minimum: 1, description: "Number of levels that the depths are grouped into" },
  },
  ["depths"],
);

/**
 * Makes the gradients of early layers smaller: g ← g·decay^(L − l), with the depth l of the layer in the graph and the largest
 * depth L (ULMFiT, Howard & Ruder 2018, section 3.2; BEiT, Bao et al. 2022, with 0.65 to 0.75). The head has factor 1.
 *
 * It has no effect with Adam, which divides by the size of the gradient: use {@link layerDecayRates}. The hook has no state.
 *
 * @throws OptionsError if an option is out of range; SelectionError at the first step that names layers without a depth.
 */
export function layerDecay(options: LayerDecayOptions): OptimizerHook<null> {
  const factorOf = factors(options);
  return {
    name: "layer-decay",
    conflicts: adamCancels,
    init: (_, infos) => {
      assertDepths(infos, options.depths);
      return null;
    },
    transform(grads, state, { infos }) {
      const layers = new Map(infos.map(({ name, layer }) => [name, layer]));
      const scaled = mapTensors(grads, (g, name) => tf.mul(g, factorOf(layers.get(name) as string)));
      return { grads: scaled, state };
    },
  };
}

/**
 * Returns the factors of {@link layerDecay} as `rateMultipliers` for `HookedOptimizer`. They work with every rule, including
 * Adam.
 *
 * @throws OptionsError if an option is out of range.
 */
export function layerDecayRates(options: LayerDecayOptions): readonly RateMultiplier[] {
  const factorOf = factors(options);
  const distinct = new Set(Object.keys(options.depths).map(factorOf));
  return [...distinct]
    .filter((factor) => factor !== 1)
    .map((factor) => ({
      params: ({ layer }: ParamInfo) => layer in options.depths && factorOf(layer) === factor,
      factor,
    }));
}

function factors(options: LayerDecayOptions): (layer: string) => number {
  const { depths, decay, levels } = layerDecayOptions.parse("layer-decay", options);
  const deepest = Math.max(1, ...Object.values(depths));
  return (layer) => {
    const left = deepest - (depths[layer] as number);
    return decay ** (levels === undefined ? left : Math.floor((left * levels) / (deepest + 1)));
  };
}

function assertDepths(infos: readonly ParamInfo[], depths: LayerDepths): void {
  const missing = [...new Set(infos.map(({ layer }) => layer))].filter((layer) => depths[layer] === undefined);
  if (missing.length === 0) return;
  throw new SelectionError(
    `\`depths\` of \`layer-decay\` has no entry for ${formatNames(missing)}.`,
    "Pass `depths: layerDepths(model)` of the model that is trained.",
  );
}

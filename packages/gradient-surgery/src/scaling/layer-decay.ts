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
import type { LayerDepths } from "./layer-depths.ts";

export interface LayerDecayOptions {
  /** Depth of each layer: `layerDepths(model)`, or by hand. */
  readonly depths: LayerDepths;
  /** Factor from one depth to the one below, in (0, 1]. @default 0.75 */
  readonly decay?: number;
  /** Puts the depths into this many levels of equal width, ≥ 1: 50 layers at 0.75 would leave 1e-6 for the first. @default one a depth */
  readonly levels?: number;
}

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
 * Layer-wise decay as a hook: g ← g·decay^(L − l), l the layer's depth in the model's graph and L the greatest (ULMFiT,
 * Howard & Ruder 2018, section 3.2; BEiT, Bao et al. 2022, with 0.65 to 0.75). The head has factor 1.
 *
 * It scales the gradient, which Adam's division takes out again: with Adam use {@link layerDecayRates}. No state.
 * @throws OptionsError if an option is out of range; SelectionError at the first step, naming the parameters whose
 *   layer has no depth.
 */
export function layerDecay(options: LayerDecayOptions): OptimizerHook<null> {
  const factorOf = factors(options);
  return {
    name: "layer-decay",
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
 * The same factors as multipliers of the learning rate, for `HookedOptimizer`: they act with every rule, Adam too.
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
    `\`layer-decay\` knows no depth of ${formatNames(missing)}.`,
    "Pass `depths: layerDepths(model)` of the model that is trained.",
  );
}

import {
  mapTensors,
  type OptimizerHook,
  OptionsError,
  type OptionsSchema,
  optionsSchema,
  rateAt,
  type Schedule,
  type Selector,
  selectOnce,
  stateless,
} from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { adamCancels } from "./adam-cancels.ts";

/** Options of {@link layerScale}. */
export interface LayerScaleOptions {
  /** Factors ≥ 0, or schedules of factors, for selected parameters. If several match a parameter, they are multiplied. */
  readonly scales: readonly { readonly params: Selector; readonly factor: number | Schedule }[];
}

/** Schema of {@link LayerScaleOptions}. */
export const layerScaleOptions: OptionsSchema<LayerScaleOptions> = optionsSchema<LayerScaleOptions>(
  {
    scales: {
      type: "array",
      description: "Factors on the gradients of selected parameters",
      items: {
        type: "object",
        properties: {
          params: { description: "Selector" },
          factor: { description: "Factor ≥ 0, or a schedule in code" },
        },
        required: ["params", "factor"],
        additionalProperties: false,
      },
    },
  },
  ["scales"],
);

/**
 * Multiplies the gradients of selected parameters by a factor or a schedule. Other gradients are unchanged.
 *
 * It has no effect with Adam, which divides by the size of the gradient: use `rateMultipliers` of the optimizer. Use this hook
 * to scale the gradient itself, for example before a clip by global norm or before momentum. The hook has no state.
 *
 * @throws OptionsError if a factor is negative or not finite; SelectionError at the first step if a selector matches nothing.
 */
export function layerScale(options: LayerScaleOptions): OptimizerHook<null> {
  layerScaleOptions.parse("layer-scale", options);
  const wrong = options.scales.flatMap(({ factor }, i) =>
    typeof factor === "function" || (Number.isFinite(factor) && factor >= 0) ? [] : [`scales.${i}.factor is ${factor}`],
  );
  if (wrong.length > 0)
    throw new OptionsError(`\`layer-scale\`: ${wrong.join(", ")}.`, "Give a number ≥ 0, or a schedule.");
  const scales = options.scales.map(({ params, factor }, i) => ({
    selected: selectOnce(params, `\`scales.${i}\` of \`layer-scale\``),
    factor,
  }));
  const hook = stateless("layer-scale", (grads, { infos, step }) => {
    const factors = new Map(infos.map(({ name }) => [name, 1]));
    for (const { selected, factor: given } of scales) {
      const factor = rateAt(given, step);
      for (const info of infos.filter(selected(infos))) {
        factors.set(info.name, (factors.get(info.name) as number) * factor);
      }
    }
    return mapTensors(grads, (g, name) => (factors.get(name) === 1 ? g : tf.mul(g, factors.get(name) as number)));
  });
  return { ...hook, conflicts: adamCancels };
}

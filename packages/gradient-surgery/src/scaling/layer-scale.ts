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

export interface LayerScaleOptions {
  /** Factors ≥ 0, or schedules of factors, on the gradients of selected parameters; multiplied where several match. */
  readonly scales: readonly { readonly on: Selector; readonly by: number | Schedule }[];
}

export const layerScaleOptions: OptionsSchema<LayerScaleOptions> = optionsSchema<LayerScaleOptions>(
  {
    scales: {
      type: "array",
      description: "Factors on the gradients of selected parameters",
      items: {
        type: "object",
        properties: { on: { description: "Selector" }, by: { description: "Factor ≥ 0, or a schedule in code" } },
        required: ["on", "by"],
        additionalProperties: false,
      },
    },
  },
  ["scales"],
);

/**
 * Multiplies gradients by a factor per selector, constant or by step. What no selector matches passes as it is.
 *
 * It scales the gradient, which Adam's division takes out again: with Adam use the optimizer's `rateMultipliers`, and this
 * hook where the gradient itself is meant (before a clip by global norm, before momentum). No state.
 * @throws OptionsError where a factor is negative or not finite; SelectionError at the first step where a selector matches
 *   nothing.
 */
export function layerScale(options: LayerScaleOptions): OptimizerHook<null> {
  layerScaleOptions.parse("layer-scale", options);
  const wrong = options.scales.flatMap(({ by }, i) =>
    typeof by === "function" || (Number.isFinite(by) && by >= 0) ? [] : [`scales.${i}.by is ${by}`],
  );
  if (wrong.length > 0) throw new OptionsError(`\`layer-scale\`: ${wrong.join(", ")}.`, "A number ≥ 0, or a schedule.");
  const scales = options.scales.map(({ on, by }, i) => ({
    selected: selectOnce(on, `\`scales.${i}\` of \`layer-scale\``),
    by,
  }));
  return stateless("layer-scale", (grads, { infos, step }) => {
    const factors = new Map(infos.map(({ name }) => [name, 1]));
    for (const { selected, by } of scales) {
      const factor = rateAt(by, step);
      for (const info of infos.filter(selected(infos))) {
        factors.set(info.name, (factors.get(info.name) as number) * factor);
      }
    }
    return mapTensors(grads, (g, name) => (factors.get(name) === 1 ? g : tf.mul(g, factors.get(name) as number)));
  });
}

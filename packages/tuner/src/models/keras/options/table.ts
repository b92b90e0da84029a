import { ACTIVATION_LAYERS } from "./activation-layers.ts";
import { BASIC } from "./basic.ts";
import { CONVOLUTION } from "./convolution.ts";
import { MERGING } from "./merging.ts";
import { NORMALIZATION } from "./normalization.ts";
import { POOLING } from "./pooling.ts";
import { RECURRENT } from "./recurrent.ts";
import type { LayerRule } from "./rule.ts";

const RULES: Readonly<Record<string, LayerRule>> = {
  ...{ ...BASIC, ...ACTIVATION_LAYERS, ...CONVOLUTION, ...POOLING },
  ...{ ...NORMALIZATION, ...RECURRENT, ...MERGING },
};

/** Finds the rule for a class of layer. */
export function ruleOf(className: string): LayerRule | undefined {
  return Object.hasOwn(RULES, className) ? RULES[className] : undefined;
}

/** Lists the classes of layers that can be loaded. */
export function knownLayers(): readonly string[] {
  return Object.keys(RULES);
}

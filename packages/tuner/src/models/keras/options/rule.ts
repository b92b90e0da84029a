import type { Entry, Options } from "./config.ts";

/** What a loader does with the options of one class of layer. An option that its rule does not name is an error. */
export interface LayerRule {
  /** Options that the layer of tfjs-layers honours. */
  readonly keeps?: readonly string[];
  /** Options that are accepted only with one of these values, and then dropped. */
  readonly only?: Readonly<Record<string, readonly unknown[]>>;
  /** Options without influence on predictions or training here. They are dropped. */
  readonly drops?: readonly string[];
  /** Options that hold an activation. */
  readonly activations?: readonly string[];
  /** Options that hold layers. */
  readonly layers?: readonly string[];
  /** Replaces the layer if tfjs-layers would compute something else. Gets the options after the checks above. */
  readonly replace?: (options: Options, context: RuleContext) => Pick<Entry, "class_name" | "config"> | undefined;
}

export interface RuleContext {
  /** Creates the error for an option that cannot be honoured. */
  readonly refuse: (option: string, hint: string) => Error;
}

/** Options of the weights `names`: their initializer, regularizer and constraint. */
export function weightOptions(...names: readonly string[]): readonly string[] {
  return names.flatMap((name) => [`${name}_initializer`, `${name}_regularizer`, `${name}_constraint`]);
}

/** tfjs-layers reads activity regularizers and never applies them. */
export const NO_ACTIVITY: Readonly<Record<string, readonly unknown[]>> = { activity_regularizer: [null] };
/** Options that change the weights of a layer or how they are stored. */
export const NOT_CHANGED: Readonly<Record<string, readonly unknown[]>> = {
  ...{ lora_rank: [null], lora_alpha: [null], quantization_config: [null] },
};

/** A rule that keeps options and makes another layer of the entry, with the same name and the like. */
export function becomes(
  class_name: string,
  keeps: readonly string[],
  more: Omit<LayerRule, "keeps" | "replace"> & { readonly with?: (options: Options) => Options } = {},
): LayerRule {
  const { with: change, ...rest } = more;
  return {
    ...rest,
    keeps,
    replace: (options) => {
      const config = Object.entries({ ...options, ...change?.(options) }).filter(([, value]) => value !== undefined);
      return { class_name, config: Object.fromEntries(config) };
    },
  };
}

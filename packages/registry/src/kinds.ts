import type { AnyHook, Callback, ModelPatch, Observer, OptionSchema, PluginKind, PluginKinds } from "@graftjs/core";

/** Parts that a kind of a third party may turn into: `fineTune` knows how to run these. */
export interface RunParts {
  readonly hooks?: readonly AnyHook[];
  readonly patches?: readonly ModelPatch[];
  readonly observers?: readonly Observer[];
  readonly callbacks?: readonly Callback[];
}

/**
 * Declares a kind of plugin, so that a recipe can hold it under a key of its own. Register it beside the plugins of the
 * kind: `createRegistry([corePlugins, regularizerKind, l2Regularizer])`.
 */
export interface KindOf<K extends PluginKind> {
  /** The name of the kind, as plugins give it. */
  readonly defines: K;
  /** Key in the recipe, e.g. `regularizers`. Leave it out if the kind occurs only in the options of other plugins. */
  readonly key?: string;
  /** Shape of the section. @default a list of plugins of the kind */
  readonly schema?: OptionSchema;
  /** One line for `explain` and for editors: when the parts of this kind act, and their effect. */
  readonly title: string;
  /** Turns the parts of a recipe into parts that a run knows. Leave it out if your own code reads `resolved.parts`. */
  contribute?(parts: readonly PluginKinds[K][]): RunParts;
}

export type Kind = { [K in PluginKind]: KindOf<K> }[PluginKind];

/** Returns `kind` itself. Ties the type of `contribute` to the kind. */
export function defineKind<K extends PluginKind>(kind: KindOf<K>): KindOf<K> {
  return kind;
}

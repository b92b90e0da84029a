import type { AnyHook, AnyRule } from "../step/hook.ts";
import type { Schedule } from "../step/schedule.ts";
import type { BackendAdapter } from "./backend.ts";
import type { Callback } from "./callback.ts";
import type { AnyCombiner } from "./combiner.ts";
import type { Constraints } from "./constraints.ts";
import type { Observer } from "./observer.ts";
import type { OptionSchema } from "./options.ts";
import type { ModelPatch } from "./patch.ts";
import type { StandardSchema } from "./standard-schema.ts";

/** Kinds of plugins, and the type that `create` returns for each. A package adds a kind by declaration merging. */
export interface PluginKinds {
  hook: AnyHook;
  rule: AnyRule;
  combiner: AnyCombiner;
  patch: ModelPatch;
  observer: Observer;
  callback: Callback;
  backend: BackendAdapter;
  schedule: Schedule;
}
export type PluginKind = keyof PluginKinds;

/** A plugin: a value with a name, and with the function that makes the part from JSON options. */
export interface PluginOf<K extends PluginKind, O = unknown> extends Constraints {
  readonly kind: K;
  /** Name in recipes, kebab-case. */
  readonly name: string;
  /** One line for listings. */
  readonly description: string;
  /** Schema of `with`. Leave it out if the plugin takes no options. */
  readonly options?: StandardSchema<O>;
  create(options: O): PluginKinds[K];
}

// biome-ignore lint/suspicious/noExplicitAny: each plugin's `create` takes its own options; a list of plugins erases the type.
export type Plugin = { [K in PluginKind]: PluginOf<K, any> }[PluginKind];

/** Returns `plugin` itself. Infers the options' type from the schema, so that `create` needs no cast. */
export function definePlugin<K extends PluginKind, O>(plugin: PluginOf<K, O>): PluginOf<K, O> {
  return plugin;
}

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
  /** One line for `explain` and for editors: when the parts of this kind act, and what they do. */
  readonly title: string;
  /** Turns the parts of a recipe into parts that a run knows. Leave it out if your own code reads `resolved.parts`. */
  contribute?(parts: readonly PluginKinds[K][]): RunParts;
}

export type Kind = { [K in PluginKind]: KindOf<K> }[PluginKind];

/** Returns `kind` itself. Ties the type of `contribute` to the kind. */
export function defineKind<K extends PluginKind>(kind: KindOf<K>): KindOf<K> {
  return kind;
}

import type { AnyHook, AnyRule } from "../step/hook.ts";
import type { Schedule } from "../step/schedule.ts";
import type { BackendAdapter } from "./backend.ts";
import type { Callback } from "./callback.ts";
import type { AnyCombiner } from "./combiner.ts";
import type { Constraints } from "./constraints.ts";
import type { Observer } from "./observer.ts";
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

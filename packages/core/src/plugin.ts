import type { BackendAdapter } from "./backend.ts";
import type { AnyCombiner } from "./combiner.ts";
import type { AnyHook, AnyRule } from "./hook.ts";
import type { Observer } from "./observer.ts";
import type { ModelPatch } from "./patch.ts";
import type { Schedule } from "./schedule.ts";
import type { StandardSchema } from "./standard-schema.ts";

/** What a plugin can be, and what its `create` returns. Open: a package adds a kind by declaration merging. */
export interface PluginKinds {
  hook: AnyHook;
  rule: AnyRule;
  combiner: AnyCombiner;
  patch: ModelPatch;
  observer: Observer;
  backend: BackendAdapter;
  schedule: Schedule;
}
export type PluginKind = keyof PluginKinds;

/** Checked against a recipe, never used to reorder it: what is written is what runs. Names are of other plugins. */
export interface Constraints {
  readonly after?: readonly string[];
  readonly before?: readonly string[];
  /** Name of the other plugin → why the two do not go together. */
  readonly conflicts?: Readonly<Record<string, string>>;
  /** Name of the other plugin → why it is needed. */
  readonly needs?: Readonly<Record<string, string>>;
}

/** Option → kind of the plugin in it. */
export type Nests = Readonly<Record<string, PluginKind>>;

/** A plugin: a value that says what it is and how to make it from JSON. */
export interface PluginOf<K extends PluginKind, O = unknown> extends Constraints {
  readonly kind: K;
  /** Name in recipes, kebab-case. */
  readonly name: string;
  /** One line for listings. */
  readonly description: string;
  /** Schema of `with`. Left out: the plugin takes no options. */
  readonly options?: StandardSchema<O>;
  /** Range of core versions it works with, `^1.2.0` or `>=1.2.0`, checked at registration. Left out: any. */
  readonly coreVersion?: string;
  /** Options that hold a plugin themselves, and of which kind: a recipe writes a `Use` there, `create` gets what it makes. */
  readonly nests?: Nests;
  /** The same for options that hold several, by key. */
  readonly nestsEach?: Nests;
  /** Name of the plugin that this one is with other defaults; constraints on that name hold for this one too. See `alias`. */
  readonly aliasOf?: string;
  create(options: O): PluginKinds[K];
}

// biome-ignore lint/suspicious/noExplicitAny: each plugin's `create` takes its own options; a list of them erases the type.
export type Plugin = { [K in PluginKind]: PluginOf<K, any> }[PluginKind];

/** A plugin that is named but not yet loaded: `load` imports it when a recipe uses it. */
export interface LazyPlugin {
  readonly name: string;
  readonly kind: PluginKind;
  readonly description: string;
  /** Package to install where `load` fails, for the error. @default read from the failed import */
  readonly package?: string;
  /** Its constraints, options and version range are checked once it is loaded. */
  load(): Promise<Plugin>;
}

/** Infers the options' type from the schema, so that `create` needs no cast. Returns `plugin` itself. */
export function definePlugin<K extends PluginKind, O>(plugin: PluginOf<K, O>): PluginOf<K, O> {
  return plugin;
}

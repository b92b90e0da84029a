import type {
  AnyCombiner,
  AnyHook,
  AnyRule,
  BackendAdapter,
  Callback,
  ModelPatch,
  Observer,
  RateMultiplier,
  Schedule,
  SelectSpec,
} from "@graftjs/core";

/** A selector that JSON can write. */
export type JsonSelector = string | readonly string[] | SelectSpec;

/** One use of a plugin in a recipe: its name, or the name with options. */
export type Use =
  | string
  | {
      readonly use: string;
      /** Another name for this hook, if a recipe uses one plugin twice. */
      readonly as?: string;
      /** Parameters that a hook sees. @default all */
      readonly on?: JsonSelector;
      /** Options, checked by the plugin's schema. */
      readonly with?: unknown;
    };

/** A composition as data. It is built again by plugin names, and never evaluated. */
export interface Recipe {
  readonly $schema?: string;
  /** Packages that `graft` imports to fill the registry. The registry itself ignores them. */
  readonly plugins?: readonly string[];
  readonly backends?: readonly Use[];
  readonly trainable?: JsonSelector;
  readonly patches?: readonly Use[];
  readonly combiner?: Use;
  readonly hooks?: readonly Use[];
  readonly rule: Use;
  readonly learningRate: number | Use;
  readonly rateMultipliers?: readonly { readonly params: JsonSelector; readonly factor: number | Use }[];
  readonly callbacks?: readonly Use[];
  readonly observers?: readonly Use[];
  /** Model, data, epochs: described by whoever runs the recipe. */
  readonly run?: unknown;
  /** Sections of kinds that packages add. */
  readonly [key: string]: unknown;
}

/** A recipe turned into values, in the recipe's order. */
export interface Resolved {
  readonly backends: readonly BackendAdapter[];
  readonly trainable: JsonSelector | undefined;
  readonly patches: readonly ModelPatch[];
  readonly combiner: AnyCombiner | undefined;
  readonly hooks: readonly AnyHook[];
  readonly rule: AnyRule;
  readonly learningRate: number | Schedule;
  readonly rateMultipliers: readonly RateMultiplier[];
  readonly callbacks: readonly Callback[];
  readonly observers: readonly Observer[];
  /** The `run` section, with its plugins built. Undefined if the caller gave no schema for it. */
  readonly run: unknown;
  /** Values of the sections that packages add, by key. */
  readonly parts: { readonly [key: string]: unknown };
}

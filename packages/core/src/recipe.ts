import type { BackendAdapter } from "./backend.ts";
import type { AnyCombiner } from "./combiner.ts";
import type { AnyHook, AnyRule } from "./hook.ts";
import type { Observer } from "./observer.ts";
import type { ModelPatch } from "./patch.ts";
import type { RateMultiplier } from "./rates.ts";
import type { Schedule } from "./schedule.ts";
import type { SelectSpec } from "./select.ts";

/** A selector as JSON can write it. */
export type JsonSelector = string | readonly string[] | SelectSpec;

/** One line of a recipe: a plugin's name, or the name with what to do. */
export type Use =
  | string
  | {
      readonly use: string;
      /** Another name for this hook, where one plugin is used twice. */
      readonly as?: string;
      /** Which parameters a hook sees. */
      readonly on?: JsonSelector;
      /** Options, checked by the plugin's schema. */
      readonly with?: unknown;
    };

/** A composition as data. Rebuilt by registry name, never evaluated. */
export interface Recipe {
  readonly $schema?: string;
  /** Packages that `graft` imports to fill the registry. Core ignores it. */
  readonly plugins?: readonly string[];
  readonly backends?: readonly Use[];
  readonly trainable?: JsonSelector;
  readonly patches?: readonly Use[];
  readonly combiner?: Use;
  readonly hooks?: readonly Use[];
  readonly rule: Use;
  readonly learningRate: number | Use;
  readonly rateMultipliers?: readonly { readonly on: JsonSelector; readonly by: number | Use }[];
  readonly observers?: readonly Use[];
  /** Model, data, epochs: read by whatever runs the recipe, opaque to core. */
  readonly run?: unknown;
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
  readonly observers: readonly Observer[];
}

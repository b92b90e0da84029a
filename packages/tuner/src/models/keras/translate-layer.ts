import { didYouMean, nearestNames } from "@graftjs/core";
import { LoadError } from "../../files/load-error.ts";
import { activationFrom } from "./activations.ts";
import { type Entry, isEntry, type Options, same } from "./options/config.ts";
import type { Dialect } from "./dialect.ts";
import { stockClass } from "./layers/base.ts";
import type { LayerRule } from "./options/rule.ts";
import { knownLayers, ruleOf } from "./options/table.ts";
import { dtypeFrom, isPart, partFrom } from "./values.ts";

/** Options that every layer has. */
const COMMON_KEEPS = new Set(["name", "trainable", "batch_input_shape", "input_shape"]);
const COMMON_DROPS = new Set(["autocast", "build_config", "batch_input_shape_"]);

/** Translates a layer that is inside another one, which may be a model. */
export type TranslateInner = (entry: Entry) => unknown;

/**
 * Translates one layer's entry to the form that tfjs-layers reads, without its connections.
 *
 * @throws LoadError that names the layer and the option if something cannot be honoured.
 */
export function translateLayer(
  entry: Entry,
  dialect: Dialect,
  inner: TranslateInner,
): Pick<Entry, "class_name" | "config"> {
  const { class_name: type } = entry;
  const name = String(entry.config.name ?? entry.name ?? type);
  if (dialect === "tfjs") {
    if (!stockClass(type)) throw unknownLayer(entry, name);
    return { class_name: type, config: asWritten(entry.config, inner) };
  }
  const rule = isCustom(entry) ? undefined : ruleOf(type);
  if (!rule) {
    // A class that the program registered with tfjs-layers reads its own options.
    if (stockClass(type) && (isCustom(entry) || !isStock(entry))) return { class_name: type, config: entry.config };
    throw unknownLayer(entry, name);
  }
  const config = optionsFrom(entry.config, rule, { name, type, dialect, inner });
  const refuse = (option: string, hint: string): LoadError => refused(name, type, option, entry.config[option], hint);
  return rule.replace?.(config, { refuse }) ?? { class_name: type, config };
}

/** Keeps options that tfjs-layers wrote and reads itself, except initializers that it cannot run, and translates the layers inside. */
function asWritten(options: Options, inner: TranslateInner): Options {
  return Object.fromEntries(
    Object.entries(options).map(([option, value]) => {
      if (isPart(option)) return [option, partFrom(option, value, "tfjs", option)];
      return [option, LAYER_OPTIONS.has(option) ? innerFrom(value, inner) : value];
    }),
  );
}

/** Options that hold layers. */
const LAYER_OPTIONS: ReadonlySet<string> = new Set(["layer", "cell", "cells"]);

interface At {
  readonly name: string;
  readonly type: string;
  readonly dialect: Dialect;
  readonly inner: TranslateInner;
}

function optionsFrom(given: Options, rule: LayerRule, { name, type, dialect, inner }: At): Options {
  const out: Record<string, unknown> = {};
  for (const [option, stored] of Object.entries(given)) {
    const value = plain(stored);
    const where = `\`${option}\` of layer \`${name}\` (${type})`;
    const allowed = rule.only?.[option];
    if (allowed && !allowed.some((one) => same(one, value)))
      throw refused(
        name,
        type,
        option,
        value,
        `Save the model with ${allowed.map((one) => JSON.stringify(one)).join(" or ")}.`,
      );
    if (option === "dtype") out.dtype = dtypeFrom(value, type === "InputLayer", where);
    else if (option === "batch_shape") out.batch_input_shape = value;
    else if (rule.activations?.includes(option)) out[option] = activationFrom(value, dialect, where);
    else if (rule.layers?.includes(option)) out[option] = innerFrom(value, inner);
    else if (COMMON_KEEPS.has(option)) out[option] = value;
    else if (rule.keeps?.includes(option))
      out[option] = isPart(option) ? partFrom(option, value, dialect, where) : value;
    else if (!allowed && !rule.drops?.includes(option) && !COMMON_DROPS.has(option)) {
      const known = [...(rule.keeps ?? []), ...Object.keys(rule.only ?? {}), ...(rule.activations ?? [])];
      throw refused(name, type, option, value, didYouMean(option, known));
    }
  }
  return out;
}

/** Unwraps a number that Keras 2 wrote as an array of NumPy. */
function plain(value: unknown): unknown {
  const { type, value: number } = Object(value) as { type?: unknown; value?: unknown };
  return type === "ndarray" && typeof number === "number" ? number : value;
}

function innerFrom(value: unknown, inner: TranslateInner): unknown {
  if (Array.isArray(value)) return value.map((one) => innerFrom(one, inner));
  return isEntry(value) ? inner(value) : value;
}

/** Tells whether the entry names a class outside Keras and keras.applications, registered in Python under a package's name. */
function isCustom({ registered_name: registered, module }: Entry): boolean {
  if (typeof registered !== "string" || !registered.includes(">")) return false;
  return !(module ?? "").startsWith("keras.") && !registered.startsWith("keras");
}

function isStock({ module }: Entry): boolean {
  return (module ?? "").startsWith("keras");
}

function refused(name: string, type: string, option: string, value: unknown, hint: string): LoadError {
  return new LoadError(
    `Layer \`${name}\` (${type}) has \`${option}\`: ${JSON.stringify(value)?.slice(0, 80)}, which cannot be honoured.`,
    hint,
  );
}

const WRITE_IT =
  "Replace it in Keras, or write the layer for tfjs-layers and register it with tf.serialization.registerClass.";

function unknownLayer({ class_name: type }: Entry, name: string): LoadError {
  const ways: Readonly<Record<string, string>> = {
    MultiHeadAttention: "Convert the model to a GraphModel with tensorflowjs_converter and load that.",
    Lambda: "A Lambda layer is Python code. Replace it by layers, or write and register a layer for tfjs.",
  };
  const near = nearestNames(type, knownLayers());
  const random = type.startsWith("Random")
    ? "Leave it out before saving, and augment in `fineTune` instead."
    : undefined;
  return new LoadError(
    `Layer \`${name}\` is of the class ${type}, which tfjs-layers does not have.`,
    ways[type] ??
      random ??
      `${WRITE_IT}${near.length > 0 ? ` Similar layers that can be loaded: ${near.join(", ")}.` : ""}`,
  );
}

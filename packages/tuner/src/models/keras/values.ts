import { LoadError } from "../../files/load-error.ts";
import { isEntry, type Options } from "./options/config.ts";
import type { Dialect } from "./dialect.ts";

/** Translates the value of an option that holds an initializer, a regularizer or a constraint. `where` is for messages. */
export function partFrom(option: string, value: unknown, dialect: Dialect, where: string): unknown {
  if (option.endsWith("_initializer")) return initializerFrom(value);
  if (value === null || value === undefined || dialect === "tfjs") return value;
  if (option.endsWith("_regularizer")) return regularizerFrom(value, where);
  return constraintFrom(value, where);
}

/** Tells whether an option's value is a part of its own, by the option's name. */
export function isPart(option: string): boolean {
  return /_(initializer|regularizer|constraint)$/.test(option);
}

const INITIALIZERS = new Set([
  ...["Zeros", "Ones", "Constant", "RandomUniform", "RandomNormal", "TruncatedNormal", "VarianceScaling", "Identity"],
  ...["GlorotUniform", "GlorotNormal", "HeUniform", "HeNormal", "LeCunUniform", "LeCunNormal"],
]);

/**
 * Keeps the initializers that tfjs-layers has. The others become zeros: a loaded weight is overwritten before anyone reads it.
 * tfjs-layers' Orthogonal is among the others, because it needs the chained methods of the union package.
 */
function initializerFrom(value: unknown): unknown {
  if (isEntry(value) && INITIALIZERS.has(value.class_name))
    return { class_name: value.class_name, config: value.config };
  return typeof value === "string" && !/orthogonal/i.test(value) ? value : { class_name: "Zeros", config: {} };
}

function regularizerFrom(value: unknown, where: string): unknown {
  if (typeof value === "string" && ["l1", "l2", "l1l2"].includes(value)) return value;
  if (isEntry(value)) {
    const { class_name: name, config } = value;
    if (["L1", "L2", "L1L2"].includes(name)) return { class_name: "L1L2", config: { l1: 0, l2: 0, ...config } };
  }
  throw new LoadError(
    `${where} is ${shown(value)}, which tfjs-layers does not have.`,
    "Use L1, L2 or L1L2, or set it to None before saving: predictions do not need it.",
  );
}

/** Constraints and the options that tfjs-layers honours. */
const CONSTRAINTS: Readonly<Record<string, readonly string[]>> = {
  ...{ MaxNorm: ["max_value", "axis"], UnitNorm: ["axis"], NonNeg: [] },
  MinMaxNorm: ["min_value", "max_value", "rate", "axis"],
};

function constraintFrom(value: unknown, where: string): unknown {
  if (isEntry(value) && Object.hasOwn(CONSTRAINTS, value.class_name)) {
    const known = CONSTRAINTS[value.class_name] as readonly string[];
    const unknown = Object.keys(value.config).find((option) => !known.includes(option));
    if (unknown === undefined) return { class_name: value.class_name, config: value.config };
    throw new LoadError(`${where} has the option \`${unknown}\`, which is not supported.`, "Remove it before saving.");
  }
  if (typeof value === "string") return value;
  throw new LoadError(
    `${where} is ${shown(value)}, which tfjs-layers does not have.`,
    `Use ${Object.keys(CONSTRAINTS).join(", ")}, or set it to None before saving: predictions do not need it.`,
  );
}

function shown(value: unknown): string {
  return isEntry(value) ? value.class_name : JSON.stringify(value).slice(0, 60);
}

/**
 * Translates a layer's dtype or policy to the dtype of its weights.
 *
 * @throws LoadError if Keras computes the layer with fewer or more bits than float32.
 */
export function dtypeFrom(value: unknown, isInput: boolean, where: string): string {
  const name = isEntry(value) ? (value.config as Options).name : value;
  if (name === null || name === undefined || name === "float32") return "float32";
  if (typeof name === "string" && ["int32", "bool", "string", "complex64"].includes(name)) return name;
  if (isInput && typeof name === "string" && /^u?int(8|16|32|64)$/.test(name)) return "int32";
  throw new LoadError(
    `${where} is ${JSON.stringify(name)}. tfjs computes with float32 and would predict other numbers.`,
    'Set the dtype policy "float32" in Keras, create the model again, copy the weights, and save it.',
  );
}

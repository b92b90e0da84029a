import { kerasActivation } from "./keras-activation.ts";
import { KerasWriteError } from "./keras-write-error.ts";
import { isDropped, KERAS_RULES, type KerasRule } from "./layer-rules.ts";

type Options = Readonly<Record<string, unknown>>;

/** An entry of a model's configuration, as tfjs-layers writes it. */
export interface TfjsEntry {
  readonly class_name: string;
  readonly name?: string;
  readonly config: Options & { readonly name: string };
  /** Calls of the layer. Each has the tensors that it takes: layer, call, output, and further arguments. */
  readonly inbound_nodes?: readonly (readonly Tensor[])[];
}

type Tensor = readonly [layer: string, call: number, output: number, more?: object];

/** An entry of a model's configuration, as Keras 3 reads it. */
export interface KerasEntry {
  readonly module: string;
  readonly class_name: string;
  readonly config: Options;
  readonly registered_name: string | null;
  readonly name?: string;
  readonly inbound_nodes?: readonly unknown[];
}

const MODELS: ReadonlySet<string> = new Set(["Model", "Functional", "Sequential"]);
const MERGES: ReadonlySet<string> = new Set("Add Average Multiply Maximum Minimum Concatenate Dot".split(" "));

/**
 * Translates a model's configuration to that of Keras 3.
 *
 * @param inputOf returns the input's shape of a sequential model, by the names of the models around it and its own.
 * @throws KerasWriteError if a layer or an option has no counterpart
 */
export function kerasConfig(
  { class_name: type, config }: TfjsEntry,
  inputOf: (path: readonly string[]) => readonly (number | null)[],
  path: readonly string[] = [config.name],
): KerasEntry {
  const layers = config.layers as readonly TfjsEntry[];
  const inner = (entry: TfjsEntry): KerasEntry =>
    MODELS.has(entry.class_name)
      ? { ...kerasConfig(entry, inputOf, [...path, entry.config.name]), name: entry.config.name }
      : layerOf(entry);
  const { name, trainable = true } = config;
  if (type === "Sequential") {
    const [first] = layers;
    const shape = { batch_shape: inputOf(path), dtype: first?.config.dtype ?? "float32", name: `${name}_input` };
    const input = first?.class_name === "InputLayer" ? [] : [entryOf("InputLayer", shape)];
    return { ...entryOf(type, { name, trainable, layers: [...input, ...layers.map(inner)] }), module: "keras" };
  }
  const models = new Set(layers.flatMap((entry) => (MODELS.has(entry.class_name) ? [entry.config.name] : [])));
  // tfjs-layers counts the call by which a model was made. Keras does not.
  const callOf = (layer: string, call: number): number => (models.has(layer) ? call - 1 : call);
  const nodes = layers.map((entry) => ({
    ...inner(entry),
    name: entry.config.name,
    inbound_nodes: (entry.inbound_nodes ?? []).map((call) => nodeOf(entry, call, callOf)),
  }));
  const endsOf = (ends: unknown): Tensor[] =>
    (ends as readonly Tensor[]).map(([layer, call, output]) => [layer, callOf(layer, call), output]);
  const ends = { input_layers: endsOf(config.input_layers), output_layers: endsOf(config.output_layers) };
  return {
    module: "keras.src.models.functional",
    ...{ class_name: "Functional", config: { name, trainable, layers: nodes, ...ends }, registered_name: "Functional" },
  };
}

function entryOf(class_name: string, config: Options): KerasEntry {
  return { module: "keras.layers", class_name, config, registered_name: null };
}

function layerOf({ class_name: type, config }: TfjsEntry): KerasEntry {
  const { name, trainable = true } = config;
  if (type === "InputLayer")
    return entryOf(type, { batch_shape: config.batch_input_shape, dtype: config.dtype ?? "float32", name });
  const rule = Object.hasOwn(KERAS_RULES, type) ? KERAS_RULES[type] : undefined;
  if (!rule)
    throw new KerasWriteError(
      `Layer \`${name}\` is of the class ${type}, which cannot be written for Keras.`,
      "Replace it by a layer of Keras, or export the model for tfjs: graft export <model> --out <folder>.",
    );
  const options: Record<string, unknown> = { name, trainable, ...rule.adds };
  for (const [option, value] of Object.entries(config)) {
    if (option === "name" || option === "trainable") continue;
    const [kept, made] = optionOf(option, value, { name, type, rule });
    if (kept !== undefined) options[kept] = made;
  }
  return entryOf(rule.as ?? type, options);
}

interface Layer {
  readonly name: string;
  readonly type: string;
  readonly rule: KerasRule;
}

/** Returns an option's name and value in Keras. The name is undefined if Keras needs no such option. */
function optionOf(
  option: string,
  value: unknown,
  { name, type, rule }: Layer,
): readonly [option: string | undefined, value?: unknown] {
  const where = `\`${option}\` of layer \`${name}\` (${type})`;
  const only = rule.only?.[option];
  if (only && !only.values.includes(value))
    throw new KerasWriteError(`${where} is ${JSON.stringify(value)}, which cannot be written for Keras.`, only.hint);
  if (option === "layer") return [option, layerOf(value as TfjsEntry)];
  if (option === "activation" || option === "recurrent_activation") return [option, kerasActivation(value, where)];
  if (option.endsWith("_regularizer")) return [option, partOf(value, "keras.regularizers")];
  if (option.endsWith("_constraint")) return [option, partOf(value, "keras.constraints")];
  if (rule.keeps?.includes(option)) return [option, value];
  if (rule.renames?.[option]) return [rule.renames[option], value];
  if (isDropped(option) || value === null || value === undefined) return [undefined];
  throw new KerasWriteError(
    `${where} is ${JSON.stringify(value)}, which cannot be written for Keras.`,
    "Leave the option out, or export the model for tfjs: graft export <model> --out <folder>.",
  );
}

function partOf(value: unknown, module: string): unknown {
  return value === null || value === undefined ? null : { module, ...Object(value), registered_name: null };
}

/** Translates one call of a layer: the tensors that it takes. */
function nodeOf(
  { class_name: type, config }: TfjsEntry,
  call: readonly Tensor[],
  callOf: (layer: string, call: number) => number,
): object {
  const tensors = call.map(([layer, node, output, more = {}]) => {
    if (Object.keys(more).length > 0)
      throw new KerasWriteError(
        `Layer \`${config.name}\` (${type}) is called with ${Object.keys(more).join(" and ")}, which cannot be written for Keras.`,
        "Call the layer with tensors only.",
      );
    // Keras takes the tensor of this layer, with its own shape. It only asks that a shape is there.
    const source = { shape: [null], dtype: "float32", keras_history: [layer, callOf(layer, node), output] };
    return { class_name: "__keras_tensor__", config: source };
  });
  if (tensors.length > 1 && !MERGES.has(type) && !MODELS.has(type))
    throw new KerasWriteError(
      `Layer \`${config.name}\` (${type}) takes ${tensors.length} tensors, which cannot be written for Keras.`,
      "A recurrent layer's initial state cannot be written. Leave it out.",
    );
  return { args: tensors.length > 1 || MERGES.has(type) ? [tensors] : tensors, kwargs: {} };
}

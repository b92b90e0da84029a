import { LoadError } from "../../files/load-error.ts";
import { type Entry, isEntry, type Options, same } from "./options/config.ts";
import type { Dialect } from "./dialect.ts";
import { maskNodes } from "./mask-nodes.ts";
import { callOf, endsOf, type History, valuesIn } from "./nodes.ts";
import { isOperation, operationFrom } from "./operations.ts";
import { translateLayer } from "./translate-layer.ts";

/**
 * Translates a model's configuration to the form that tfjs-layers reads. Layers and options that tfjs-layers would compute
 * otherwise are replaced by Graft's own layers.
 *
 * @param topology a configuration of Keras 2, Keras 3 or tfjs-layers, with or without the envelope `{ model_config }`.
 * @throws LoadError that names the layer and the option if one cannot be honoured.
 */
export function translate(topology: unknown, dialect: Dialect): unknown {
  const wrapped = (topology as { model_config?: unknown } | null)?.model_config;
  const model = listed(typeof wrapped === "object" && wrapped !== null ? wrapped : topology);
  return isEntry(model) && isModel(model) ? modelFrom(model, dialect) : topology;
}

/** Puts the layers of the first versions of Keras 2 in the place where later ones have them. Their Sequential's `config` is a list. */
function listed(model: unknown): unknown {
  const { class_name: type, config } = Object(model) as Partial<Entry>;
  return Array.isArray(config) ? { class_name: type, config: { name: "sequential", layers: config } } : model;
}

/** Tells whether an entry is a model: it has layers of its own. */
export function isModel({ config }: Entry): boolean {
  return Array.isArray(config.layers);
}

function modelFrom({ class_name: type, config }: Entry, dialect: Dialect): Entry {
  if (!MODELS.has(type))
    throw new LoadError(
      `\`${String(config.name)}\` is a ${type}: a class of its own, whose Python code the file does not hold.`,
      `Save keras.Model(model.inputs, model.outputs) instead.`,
    );
  const entries = config.layers as readonly Entry[];
  const masks = type === "Sequential" ? new Set<string>() : maskNodes(entries);
  const kept = entries.filter((entry) => !(isEntry(entry) && masks.has(entry.name ?? "")));
  const models = new Set(
    kept.filter((entry) => isEntry(entry) && isModel(entry)).map(({ config: { name } }) => String(name)),
  );
  const layers = kept.map((entry) => layerFrom(entry, dialect, models));
  const out: Record<string, unknown> = { name: config.name, layers };
  if (config.trainable !== undefined) out.trainable = config.trainable;
  const keras3 = entries.some(({ inbound_nodes: nodes }) => nodes?.some((node) => !Array.isArray(node)));
  for (const ends of ["input_layers", "output_layers"])
    if (config[ends] !== undefined)
      out[ends] = endsOf(config[ends]).map((end) => shifted(end, keras3 ? models : new Set()));
  return { class_name: type, config: out };
}

const MODELS: ReadonlySet<string> = new Set(["Sequential", "Functional", "Model"]);

function layerFrom(entry: Entry, dialect: Dialect, models: ReadonlySet<string>): unknown {
  // If it is not a layer, the error of tfjs-layers names the fault.
  if (!isEntry(entry)) return entry;
  const { inbound_nodes: nodes, name } = entry;
  const connected = {
    ...(name === undefined ? {} : { name }),
    ...(Array.isArray(nodes) ? { inbound_nodes: nodes.map((node) => inboundNode(node, models, entry)) } : {}),
  };
  if (isOperation(entry)) return { ...operationFrom(entry), ...connected };
  return { ...translated(entry, dialect), ...connected };
}

function translated(entry: Entry, dialect: Dialect): Pick<Entry, "class_name" | "config"> {
  if (isModel(entry)) return modelFrom(entry, dialect);
  const inner = (one: Entry): unknown => translated(one, dialect);
  if (entry.class_name !== "Bidirectional") return translateLayer(entry, dialect, inner);
  return translateLayer({ ...entry, config: bidirectional(entry.config, entry) }, dialect, inner);
}

/** Checks that the backward layer mirrors the forward layer, because tfjs-layers creates it so. Takes Keras 3's prefix off the name. */
function bidirectional(config: Options, { name }: Entry): Options {
  const { layer, backward_layer: backward } = config;
  if (!isEntry(layer)) return config;
  const plain = (options: Options): Options =>
    Object.fromEntries(
      Object.entries(options).filter(([name]) => !MIRRORED.has(name) && !name.endsWith("_initializer")),
    );
  if (isEntry(backward) && !same(plain(layer.config), plain(backward.config)))
    throw new LoadError(
      `Layer \`${String(config.name ?? name)}\` (Bidirectional) has a \`backward_layer\` that differs from its layer.`,
      "tfjs-layers mirrors the layer. Use the same options in both directions.",
    );
  // Bidirectional decides itself about the outputs behind a mask.
  const { zero_output_for_mask: _, ...options } = layer.config;
  const own = String(layer.config.name ?? "").replace(/^forward_/, "");
  return { ...config, layer: { ...layer, config: { ...options, name: own } } };
}

/** Options that differ between the directions, or between two copies of a layer. */
const MIRRORED: ReadonlySet<string> = new Set(["name", "go_backwards", "seed"]);

/**
 * Translates `{ args: [tensor | tensors], kwargs }` to `[[layer, node, tensor, kwargs], ...]`.
 *
 * @throws LoadError if an argument cannot be honoured. `training: false` can: tfjs-layers predicts so. A mask is checked elsewhere.
 */
function inboundNode(node: unknown, models: ReadonlySet<string>, entry: Entry): unknown {
  const call = callOf(node);
  if (!call) {
    // Keras 2 writes a list of inputs, each with the arguments of the call.
    const [, , , options] = (Array.isArray(node) ? (node[0] ?? []) : []) as readonly unknown[];
    if (Object(options).training === true) throw calledWith(entry, "training", true);
    return node;
  }
  const { training, mask, ...more } = call.kwargs;
  const odd = Object.entries({ ...more, training: training === false ? null : training }).find(
    ([name, value]) => value !== null && value !== undefined && !INPUTS.has(name) && !isOperation(entry),
  );
  if (odd) throw calledWith(entry, ...odd);
  const inputs = [...valuesIn(call.args), ...valuesIn(Object.values(more))];
  return inputs.map((input) => [...shifted(input, models), {}]);
}

function calledWith({ name, class_name: type }: Entry, argument: string, value: unknown): LoadError {
  return new LoadError(
    `Layer \`${name}\` (${type}) is called with \`${argument}\`: ${JSON.stringify(value)?.slice(0, 60)}.`,
    "Call it without this argument before saving: tfjs-layers does not have it.",
  );
}

/** Arguments of a call that are further inputs. */
const INPUTS: ReadonlySet<string> = new Set(["inputs", "initial_state"]);

/** Adjusts a call's number. Keras 3 counts a nested model's calls from 0; Keras 2 and tfjs-layers count its creation as call 0. */
function shifted([layer, node, tensor]: History, models: ReadonlySet<string>): History {
  return [layer, models.has(layer) ? node + 1 : node, tensor];
}

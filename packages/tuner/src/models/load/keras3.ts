/**
 * Translates a Keras 3 model configuration to the form that tfjs-layers reads. `batch_shape` becomes `batch_input_shape`. A
 * `DTypePolicy` becomes its name. Wrapped initializers and regularizers are unwrapped. `L1` and `L2` become `L1L2`. Inbound nodes
 * become lists, and so do model inputs and outputs if there is only one or they have names.
 */
export function fromKeras3(config: unknown): unknown {
  return translated(config, new Set());
}

/** Translates one part of a configuration. @param models names of the nested models among the layers of the enclosing model. */
function translated(config: unknown, models: ReadonlySet<string>): unknown {
  if (Array.isArray(config)) return config.map((part) => translated(part, models));
  if (typeof config !== "object" || config === null) return config;
  const { module, registered_name: registered, build_config: built, ...object } = config as Record<string, unknown>;
  void module;
  void registered;
  void built;
  if (object.class_name === "DTypePolicy") return (object.config as { name?: unknown }).name ?? "float32";
  if (object.class_name === "L1" || object.class_name === "L2")
    return { class_name: "L1L2", config: { l1: 0, l2: 0, ...(object.config as object) } };
  // tfjs-layers' Orthogonal needs the chained methods of the union package. The initial values are overwritten anyway.
  if (object.class_name === "Orthogonal") return { class_name: "GlorotNormal", config: {} };
  const inner = Array.isArray(object.layers) ? nestedModels(object.layers) : models;
  const out: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(object)) {
    if (key === "batch_shape") out.batch_input_shape = value;
    else if (key === "inbound_nodes" && Array.isArray(value))
      out.inbound_nodes = value.map((node) => inboundNode(node, models));
    else if (key === "input_layers" || key === "output_layers")
      out[key] = ends(value, isKeras3(object.layers) ? inner : new Set());
    else if (!DROPPED.has(key)) out[key] = translated(value, inner);
  }
  return out;
}

/** Options that tfjs-layers does not know and that do not affect training or inference here. */
const DROPPED = new Set([
  "optional",
  "sparse",
  "ragged",
  "lora_rank",
  "quantization_config",
  "synchronized",
  "batch_input_shape_",
]);

/** Collects triples `[layer, node, tensor]`, given as one triple, a list or a record, into a list. */
function ends(value: unknown, models: ReadonlySet<string>): unknown {
  if (typeof value !== "object" || value === null) return value;
  const [first] = value as readonly unknown[];
  if (typeof first === "string") return [call(value as unknown as History, models)];
  return Object.values(value).flatMap((end) => ends(end, models));
}

/** Translates `{ args: [tensor | tensors], kwargs }` to `[[layer, node, tensor, kwargs], ...]`. */
function inboundNode(node: unknown, models: ReadonlySet<string>): unknown {
  if (Array.isArray(node) || typeof node !== "object" || node === null) return node;
  const { args = [], kwargs = {} } = node as { args?: readonly unknown[]; kwargs?: object };
  return args.flatMap(function history(arg: unknown): unknown[] {
    if (Array.isArray(arg)) return arg.flatMap(history);
    const origin = (arg as { config?: { keras_history?: History } } | null)?.config?.keras_history;
    return origin ? [[...call(origin, models), fromKeras3(kwargs)]] : [];
  });
}

type History = readonly [layer: string, node: number, tensor: number];

/** Adjusts a call's number. Keras 3 counts a nested model's calls from 0; Keras 2 and tfjs-layers count its creation as call 0. */
function call([layer, node, tensor]: History, models: ReadonlySet<string>): History {
  return [layer, models.has(layer) ? node + 1 : node, tensor];
}

interface LayerConfig {
  readonly config?: { readonly name?: string; readonly layers?: unknown };
  readonly inbound_nodes?: readonly unknown[];
}

function nestedModels(layers: readonly unknown[]): ReadonlySet<string> {
  const found = (layers as readonly LayerConfig[]).filter(({ config }) => Array.isArray(config?.layers));
  return new Set(found.map(({ config }) => config?.name ?? ""));
}

function isKeras3(layers: unknown): boolean {
  const nodes = Array.isArray(layers)
    ? (layers as readonly LayerConfig[]).flatMap(({ inbound_nodes: nodes }) => nodes ?? [])
    : [];
  return nodes.some((node) => !Array.isArray(node));
}

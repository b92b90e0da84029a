/**
 * A model configuration as tfjs-layers reads it, from what Keras 3 writes: `batch_shape` becomes `batch_input_shape`, a
 * `DTypePolicy` becomes its name, wrapped initializers and regularizers lose the wrapping, and inbound nodes of the new form
 * become lists.
 */
export function fromKeras3(config: unknown): unknown {
  if (Array.isArray(config)) return config.map(fromKeras3);
  if (typeof config !== "object" || config === null) return config;
  const { module, registered_name: registered, build_config: built, ...object } = config as Record<string, unknown>;
  void module;
  void registered;
  void built;
  if (object.class_name === "DTypePolicy") return (object.config as { name?: unknown }).name ?? "float32";
  const out: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(object)) {
    if (key === "batch_shape") out.batch_input_shape = value;
    else if (key === "inbound_nodes" && Array.isArray(value)) out.inbound_nodes = value.map(inboundNode);
    else if (!DROPPED.has(key)) out[key] = fromKeras3(value);
  }
  return out;
}

/** Options that tfjs-layers does not know and that change nothing in training or inference here. */
const DROPPED = new Set([
  "optional",
  "sparse",
  "ragged",
  "lora_rank",
  "quantization_config",
  "synchronized",
  "batch_input_shape_",
]);

/** `{ args: [tensor | tensors], kwargs }` → `[[layer, node, tensor, kwargs], ...]`. */
function inboundNode(node: unknown): unknown {
  if (Array.isArray(node) || typeof node !== "object" || node === null) return node;
  const { args = [], kwargs = {} } = node as { args?: readonly unknown[]; kwargs?: object };
  return args.flatMap(function history(arg: unknown): unknown[] {
    if (Array.isArray(arg)) return arg.flatMap(history);
    const at = (arg as { config?: { keras_history?: readonly [string, number, number] } } | null)?.config
      ?.keras_history;
    return at ? [[...at, fromKeras3(kwargs)]] : [];
  });
}

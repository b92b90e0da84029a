import { LoadError } from "../../files/load-error.ts";
import type { Entry } from "./options/config.ts";
import { callOf, type History, historyOf, valuesIn } from "./nodes.ts";

/**
 * Finds the operations that Keras 3 writes into a functional model only to compute masks: `NotEqual` before an Embedding with
 * `mask_zero`, and `NotEqual` and `Any` before Masking. tfjs-layers computes these masks itself, so their layers are left out.
 *
 * @returns names of layers to leave out.
 * @throws LoadError if a layer is given a mask that such an operation does not compute: tfjs-layers has no argument for it.
 */
export function maskNodes(layers: readonly Entry[]): ReadonlySet<string> {
  const byName = new Map(layers.map((layer) => [layer.name ?? "", layer]));
  const left = new Set<string>();
  for (const layer of layers) {
    for (const node of layer.inbound_nodes ?? []) {
      const mask = historyOf(callOf(node)?.kwargs.mask);
      if (!mask) continue;
      const chain = chainOf(mask, byName);
      if (!chain || !isComputedByLayer(chain, layers)) throw given(layer);
      for (const { name } of chain) left.add(name ?? "");
    }
  }
  for (const layer of layers) {
    if (left.has(layer.name ?? "")) continue;
    const nodes = (layer.inbound_nodes ?? []).map(callOf);
    if (nodes.some((call) => call && valuesIn(call.args).some(([name]) => left.has(name)))) throw given(layer);
  }
  return left;
}

/** Returns the operations from `NotEqual` to the one that makes the mask. */
function chainOf([name]: History, layers: ReadonlyMap<string, Entry>): readonly Entry[] | undefined {
  const layer = layers.get(name);
  if (layer?.class_name === "NotEqual") return [layer];
  if (layer?.class_name !== "Any" || layer.config.axis !== -1 || layer.config.keepdims === true) return undefined;
  const [source] = valuesIn(callOf(layer.inbound_nodes?.[0])?.args);
  const before = source && layers.get(source[0]);
  return before?.class_name === "NotEqual" ? [before, layer] : undefined;
}

/** Tells whether an Embedding or Masking layer reads the same value and computes the same mask. */
function isComputedByLayer(chain: readonly Entry[], layers: readonly Entry[]): boolean {
  const call = callOf(chain[0]?.inbound_nodes?.[0]);
  const [source, constant] = call?.args ?? [];
  const origin = String(historyOf(source));
  return layers.some(({ class_name: type, config, inbound_nodes: nodes }) => {
    const reads = (nodes ?? []).some((node) => valuesIn(callOf(node)?.args).some((value) => String(value) === origin));
    if (!reads) return false;
    if (chain.length === 1) return type === "Embedding" && config.mask_zero === true && constant === 0;
    return type === "Masking" && config.mask_value === constant;
  });
}

function given({ name, class_name: type }: Entry): LoadError {
  return new LoadError(
    `Layer \`${name}\` (${type}) is given a mask as an argument, which tfjs-layers cannot do.`,
    "Use an Embedding with mask_zero or a Masking layer before it, without passing the mask yourself.",
  );
}

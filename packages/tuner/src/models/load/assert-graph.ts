import { LoadError } from "../../files/load-error.ts";

/** The fields of a layer's configuration that say which layers it reads. */
interface LayerEntry {
  readonly name?: unknown;
  readonly config?: { readonly name?: unknown; readonly layers?: unknown };
  readonly class_name?: unknown;
  readonly inbound_nodes?: unknown;
}

/**
 * Checks that the layers of each model in a topology can be built in some order. tfjs-layers itself would loop forever if a layer
 * reads a name that does not exist, or if two layers read each other.
 *
 * @param topology in the form of Keras 2.
 * @throws LoadError that names a layer which cannot be built and the input it lacks.
 */
export function assertGraph(topology: unknown, file: string): void {
  if (typeof topology !== "object" || topology === null) return;
  const { class_name: kind, config } = topology as LayerEntry;
  if (kind !== "Sequential" && Array.isArray(config?.layers)) assertEnds(config.layers as LayerEntry[], file);
  for (const part of Object.values(topology)) assertGraph(part, file);
}

function assertEnds(layers: readonly LayerEntry[], file: string): void {
  for (const names of [layers.map(({ name }) => name), layers.map(({ config }) => config?.name)]) {
    const twice = firstDuplicate(names);
    if (twice !== undefined) throw new LoadError(`${file} has two layers named ${JSON.stringify(twice)}.`, HINT);
  }
  // How often each layer was called. For inputs and nested models, creating the layer counts as a call.
  const calls = new Map<unknown, number>(
    layers.map((layer) => [layer.name, layer.class_name === "InputLayer" || layer.config?.layers ? 1 : 0]),
  );
  const all = layers.flatMap((layer) => nodesOf(layer).map((node) => ({ layer, node })));
  const left = new Set<Call>(all);
  // Each call waits for one missing input at a time, so that the time grows with the size of the file only.
  const waiting = new Map<unknown, Map<number, Call[]>>();
  const ready = [...all].reverse();
  for (let call = ready.pop(); call; call = ready.pop()) {
    const { layer, node } = call;
    const missing = node.find((input) => !there(input, calls));
    if (missing !== undefined) {
      const [name, count] = neededBy(missing);
      const byCount = waiting.get(name) ?? new Map<number, Call[]>();
      waiting.set(name, byCount);
      const others = byCount.get(count);
      if (others) others.push(call);
      else byCount.set(count, [call]);
      continue;
    }
    left.delete(call);
    if (node.length === 0) continue;
    const count = (calls.get(layer.name) ?? 0) + 1;
    calls.set(layer.name, count);
    for (const woken of waiting.get(layer.name)?.get(count) ?? []) ready.push(woken);
  }
  for (const call of left) throw stuck(call, calls, file);
}

/** One call of a layer. */
interface Call {
  readonly layer: LayerEntry;
  /** The outputs that it reads. */
  readonly node: readonly unknown[];
}

/** Returns the layer whose output is read, and how often it must have been called before. */
function neededBy(input: unknown): [name: unknown, count: number] {
  const { 0: name, 1: node } = Object(input) as readonly unknown[];
  return [name, Math.max(0, Math.floor(Number(node)) + 1)];
}

function firstDuplicate(names: readonly unknown[]): unknown {
  const seen = new Set<unknown>();
  for (const name of names) {
    if (name !== undefined && seen.has(name)) return name;
    seen.add(name);
  }
  return undefined;
}

type Calls = ReadonlyMap<unknown, number>;

/** Lists a layer's calls. Skips anything that is not a list, because tfjs-layers refuses it with its own message. */
function nodesOf({ inbound_nodes: nodes }: LayerEntry): readonly (readonly unknown[])[] {
  return Array.isArray(nodes) ? (nodes as unknown[]).filter((node) => Array.isArray(node)) : [];
}

function there(input: unknown, calls: Calls): boolean {
  const { 0: name, 1: node } = Object(input) as readonly unknown[];
  const made = calls.get(name);
  return made !== undefined && !(made <= Number(node));
}

function stuck({ layer, node }: Call, calls: Calls, file: string): LoadError {
  const missing = node.find((input) => !there(input, calls)) as readonly unknown[];
  return new LoadError(
    `Layer ${JSON.stringify(layer.name)} of ${file} reads call ${String(missing[1])} of ${JSON.stringify(missing[0])}, which does not exist.`,
    HINT,
  );
}

const HINT = "Is the file complete?";

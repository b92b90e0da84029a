import { type NamedWeight, OptionsError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { ModelAdapter } from "../adapter/model-adapter.ts";
import { loadLimits } from "../load/load-limits.ts";
import { graphKernels } from "./graph-kernels.ts";
import { limitingOutputs } from "./assert-output-size.ts";
import { type GraphDefNode, type GraphModelLike, nodeName } from "./graph-model.ts";
import { splitGraph } from "./split-graph.ts";
import { settingsOf } from "./settings-of.ts";
import { type WeightGroup, weightGroups } from "./weight-groups.ts";

/** Adapter of a GraphModel. Parameters are named after their graph nodes. */
export interface GraphModelAdapter extends ModelAdapter {
  /** Restores the original constants in the GraphModel and frees the variables. */
  release(): void;
}

export interface GraphModelAdapterOptions {
  /** Nodes that the loss reads, for example the logits before a softmax. @default the model's outputs */
  readonly outputs?: readonly string[];
  /** Largest number of values that a node may compute for a batch. @default 268435456, which is 1 GiB of float32 */
  readonly maxOutputValues?: number;
}

/**
 * Makes a `tf.GraphModel` tunable. Replaces its float constants by variables in the public map `model.weights`. Each variable has the
 * name of its node.
 *
 * Batch norm in converted graphs always computes as in inference. Graphs with control flow need `executeAsync` and cannot be trained.
 *
 * @throws OptionsError if the outputs depend on control flow, lists or tables, or if the graph lacks a node named in `outputs`.
 */
export function graphModelAdapter(
  model: GraphModelLike,
  { outputs = model.outputs.map(({ name }) => name), ...limits }: GraphModelAdapterOptions = {},
): GraphModelAdapter {
  const { maxOutputValues } = loadLimits.parse("graphModelAdapter", limits);
  const nodes = nodesOf(model);
  const ops = new Map(nodes.map(({ name, op }) => [name, op]));
  const strange = outputs.filter((name) => !ops.has(nodeName(name)));
  if (strange.length > 0)
    throw new OptionsError(
      `The graph has no node \`${strange[0]}\`.`,
      `Its outputs are ${model.outputs.map(({ name }) => name).join(", ")}.`,
    );
  const dynamic = readBy(outputs, nodes).find(({ op }) => UNTRAINABLE.test(op));
  if (dynamic)
    throw new OptionsError(
      `Node \`${dynamic.name}\` is a ${dynamic.op}. The graph runs only with executeAsync, which has no gradients.`,
      "Use `outputs` to name nodes that do not depend on it. Or convert the model without it: unroll loops, and look up words before the model.",
    );
  const originals = new Map<string, tf.Tensor>();
  const depthwise = new Set(
    nodes.filter(({ op }) => /DepthwiseConv2dNative$/.test(op)).map(({ input }) => nodeName(input?.[1] ?? "")),
  );
  const groups = weightGroups(nodes, Object.keys(model.weights));
  const settings = settingsOf(nodes);
  const made = Object.entries(model.weights).flatMap(([name, tensors]): NamedWeight[] => {
    const [tensor] = tensors;
    if (!tensor || tensors.length !== 1 || tensor.dtype !== "float32" || settings.has(name)) return [];
    const variable = tf.variable(tensor, false);
    originals.set(name, tensor);
    tensors[0] = variable;
    return [weightOf(name, variable, depthwise.has(name), groups.get(name))];
  });
  // In the order in which the graph computes, so that `last:n` and `head` mean its last layers.
  const position = ({ name }: NamedWeight): number => groups.get(name)?.position ?? -1;
  const weights = [...made].sort((a, b) => position(a) - position(b));
  // `model.inputNodes` would give the keys of the signature instead of node names.
  const inputNames = model.inputs.map(({ name }) => nodeName(name));
  const inputs = model.inputs.map(({ shape, dtype }) => ({ shape: shapeOf(shape), dtype: dtype ?? undefined }));
  const fixedBatch = inputs.map(({ shape }) => shape[0]).find((size) => typeof size === "number");
  const fixed = outputs.map((name) => model.outputs.find((output) => output.name === name)?.shape);
  const toMap = (names: readonly string[], tensors: readonly tf.Tensor[]): tf.NamedTensorMap =>
    Object.fromEntries(names.map((name, i) => [name, tensors[i] as tf.Tensor]));
  const kernels = graphKernels(nodes, weights, model.weights);
  const execute = (feed: tf.NamedTensorMap, wanted: readonly string[]): tf.Tensor[] => {
    const out = limitingOutputs(maxOutputValues, () => kernels.run(() => model.execute(feed, [...wanted])));
    return Array.isArray(out) ? out : [out];
  };
  return {
    name: "GraphModel",
    ports: {
      inputNames,
      outputNames: outputs,
      inputs,
      outputs: fixed.map((shape) => ({ shape: shapeOf(shape) })),
    },
    patchable: kernels.patchable,
    weights,
    cut(trained, { adapted }) {
      const changed = kernels.namesIn(adapted);
      const { trunk, tail, frontier, constants, stops, of } = splitGraph(nodes, {
        inputs: new Set(inputNames),
        outputs,
        trained: new Set([...trained.map(({ name }) => name), ...changed]),
        constant: (name) => {
          const [tensor] = model.weights[name] ?? [];
          return tensor?.dtype === "int32" ? [...tensor.dataSync()] : undefined;
        },
      });
      const read = new Set(constants);
      const parameters = weights
        .filter(({ name }) => read.has(name))
        .reduce((sum, { variable }) => sum + variable.size, 0);
      const computed = frontier.filter((name) => !inputNames.includes(name));
      return {
        trunk: { layers: trunk.length, of, parameters, stops, frontier },
        sources: frontier.map((name) => inputNames.indexOf(name)),
        tail: { bytes: undefined, kinds: new Set(tail.map((name) => ops.get(name) as string)) },
        batchStatistics: [],
        ...(fixedBatch === undefined ? {} : { fixedBatch }),
        runTrunk(given) {
          const made = computed.length > 0 ? execute(toMap(inputNames, given), computed) : [];
          return frontier.map((name) => {
            const input = inputNames.indexOf(name);
            return { tensor: (input < 0 ? made[computed.indexOf(name)] : given[input]) as tf.Tensor, mask: null };
          });
        },
        runTail(cut, _training, note) {
          const tensors = cut.map(({ tensor }) => tensor);
          if (!note) return execute(toMap(frontier, tensors), outputs);
          // tfjs keeps requested nodes alive, and returns the very tensors that the outputs are computed from.
          const made = execute(toMap(frontier, tensors), [...tail, ...outputs]);
          tail.forEach((name, i) => {
            note(`\`${name}\` (${ops.get(name)})`, [made[i] as tf.Tensor]);
          });
          return made.slice(tail.length);
        },
        penalties: () => [],
      };
    },
    release() {
      for (const [name, tensor] of originals) {
        const slot = model.weights[name];
        slot?.[0]?.dispose();
        if (slot) slot[0] = tensor;
      }
      originals.clear();
    },
  };
}

/** Control flow, lists, tables, and ops whose output shape depends on values. tfjs runs them only asynchronously. */
const UNTRAINABLE =
  /^((Stateless)?(While|If|Case)|Switch|Merge|Enter|Exit|NextIteration|LoopCond|Where|ListDiff|EmptyTensorList)$|^(TensorArray|TensorList|HashTable|MutableHashTable|LookupTable|InitializeTable|NonMaxSuppression)/;

/** Returns the nodes that `outputs` depend on. */
function readBy(outputs: readonly string[], nodes: readonly GraphDefNode[]): readonly GraphDefNode[] {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const read = new Set<GraphDefNode>();
  const waiting = outputs.map(nodeName);
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const node = byName.get(name);
    if (!node || read.has(node)) continue;
    read.add(node);
    waiting.push(...(node.input ?? []).map(nodeName));
  }
  return [...read];
}

function nodesOf(model: GraphModelLike): readonly GraphDefNode[] {
  const { artifacts } = model as { artifacts?: { modelTopology?: { node?: readonly GraphDefNode[] } } };
  const nodes = artifacts?.modelTopology?.node;
  if (!nodes)
    throw new OptionsError("The GraphModel has no topology.", "Load it with tf.loadGraphModel of tfjs-converter 4.");
  return nodes;
}

/** Converts a tfjs shape; −1 becomes null. An unknown shape becomes [], and the loss then checks the shape itself. */
function shapeOf(shape: readonly (number | null)[] | undefined): readonly (number | null)[] {
  return (shape ?? []).map((n) => (n === null || n < 0 ? null : n));
}

/** Last parts of names that tell what a constant is. */
const ROLES = /^(\w+_)?(kernel|bias(es)?|gamma|beta|alpha|embeddings)$|^moving_(mean|variance)$/;

function weightOf(
  name: string,
  variable: tf.Variable,
  depthwise: boolean,
  group: WeightGroup | undefined,
): NamedWeight {
  const slash = name.lastIndexOf("/");
  const ending = name.slice(slash + 1);
  const { shape } = variable;
  const last = shape.length - 1;
  const role = ROLES.test(ending) ? ending : (group?.role ?? ending);
  return {
    name,
    layer: group?.layer ?? (slash < 0 ? name : name.slice(0, slash)),
    role,
    shape,
    unitAxes: shape.length === 0 ? [] : depthwise ? [last - 1, last] : [last],
    variable,
    statistic: role.startsWith("moving_"),
    trainable: true,
  };
}

import { type NamedWeight, OptionsError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { ModelAdapter } from "../adapter/model-adapter.ts";
import { type GraphDefNode, type GraphModelLike, nodeName } from "./graph-model.ts";
import { splitGraph } from "./split-graph.ts";

/** A GraphModel that can be tuned. Parameters carry the names of their nodes. */
export interface GraphModelAdapter extends ModelAdapter {
  /** Puts the constants back, with their first values, and frees the variables. */
  release(): void;
}

export interface GraphModelAdapterOptions {
  /** Nodes that the loss reads, for example the logits before a softmax. @default the model's outputs */
  readonly outputs?: readonly string[];
}

/**
 * Makes a `tf.GraphModel` tunable: its float constants become variables through the public map `model.weights`, under the
 * names of their nodes. The trunk is found in the graph.
 *
 * Batch norm in converted graphs computes as in inference, whatever is trained. Control flow needs `executeAsync` and cannot
 * be trained.
 *
 * @throws OptionsError where the graph has control flow, or a node is not in it.
 */
export function graphModelAdapter(
  model: GraphModelLike,
  { outputs = model.outputs.map(({ name }) => name) }: GraphModelAdapterOptions = {},
): GraphModelAdapter {
  const nodes = nodesOf(model);
  const ops = new Map(nodes.map(({ name, op }) => [name, op]));
  const strange = outputs.filter((name) => !ops.has(nodeName(name)));
  if (strange.length > 0)
    throw new OptionsError(
      `The graph has no node \`${strange[0]}\`.`,
      `Its outputs are ${model.outputs.map(({ name }) => name).join(", ")}.`,
    );
  const dynamic = nodes.find(({ op }) =>
    /^(While|If|Switch|Merge|Enter|Exit|NextIteration)$|NonMaxSuppression|^Where$/.test(op),
  );
  if (dynamic)
    throw new OptionsError(
      `\`${dynamic.name}\` is a ${dynamic.op}: the graph only runs by executeAsync, which has no gradient.`,
      "Name outputs before it with `outputs`.",
    );
  const originals = new Map<string, tf.Tensor>();
  const depthwise = new Set(
    nodes.filter(({ op }) => /DepthwiseConv2dNative$/.test(op)).map(({ input }) => nodeName(input?.[1] ?? "")),
  );
  const weights = Object.entries(model.weights).flatMap(([name, tensors]): NamedWeight[] => {
    const [tensor] = tensors;
    if (!tensor || tensors.length !== 1 || tensor.dtype !== "float32") return [];
    const variable = tf.variable(tensor, false);
    originals.set(name, tensor);
    tensors[0] = variable;
    return [weightOf(name, variable, depthwise.has(name))];
  });
  // Not `inputNodes`, which are the keys of the signature.
  const inputNames = model.inputs.map(({ name }) => nodeName(name));
  const fixed = outputs.map((name) => model.outputs.find((output) => output.name === name)?.shape);
  const toMap = (names: readonly string[], tensors: readonly tf.Tensor[]): tf.NamedTensorMap =>
    Object.fromEntries(names.map((name, i) => [name, tensors[i] as tf.Tensor]));
  const execute = (feed: tf.NamedTensorMap, wanted: readonly string[]): tf.Tensor[] => {
    const out = model.execute(feed, [...wanted]);
    return Array.isArray(out) ? out : [out];
  };
  return {
    name: "GraphModel",
    ports: {
      inputNames,
      outputNames: outputs,
      inputs: inputNames.map((name) => ({
        shape: shapeOf(model.inputs.find((input) => nodeName(input.name) === name)?.shape),
      })),
      outputs: fixed.map((shape) => ({ shape: shapeOf(shape) })),
    },
    patchable: { name: "GraphModel", layers: [] },
    weights,
    cut(trained) {
      const { trunk, tail, frontier, constants, stops, of } = splitGraph(nodes, {
        inputs: new Set(inputNames),
        outputs,
        trained: new Set(trained.map(({ name }) => name)),
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
          // Nodes that are asked for are not freed on the way, and give the tensors that the outputs are made of.
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

function nodesOf(model: GraphModelLike): readonly GraphDefNode[] {
  const { artifacts } = model as { artifacts?: { modelTopology?: { node?: readonly GraphDefNode[] } } };
  const nodes = artifacts?.modelTopology?.node;
  if (!nodes)
    throw new OptionsError("The GraphModel has no topology.", "Load it with tf.loadGraphModel of tfjs-converter 4.");
  return nodes;
}

/** An unknown shape is anything of any rank: [] would be a scalar, so it is left to the loss. */
function shapeOf(shape: readonly (number | null)[] | undefined): readonly (number | null)[] {
  return (shape ?? []).map((n) => (n === null || n < 0 ? null : n));
}

function weightOf(name: string, variable: tf.Variable, depthwise: boolean): NamedWeight {
  const at = name.lastIndexOf("/");
  const { shape } = variable;
  const last = shape.length - 1;
  return {
    name,
    layer: at < 0 ? name : name.slice(0, at),
    role: name.slice(at + 1),
    shape,
    unitAxes: shape.length === 0 ? [] : depthwise ? [last - 1, last] : [last],
    variable,
    statistic: false,
    trainable: true,
  };
}

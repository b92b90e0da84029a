import { didYouMean, OptionsError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { type GraphDefNode, type GraphModelLike, nodeName } from "../graph/graph-model.ts";
import { headValues } from "./head-values.ts";
import type { ReplaceHeadOptions } from "./replace-head.ts";

/** The fields of a model's artifacts that a new head changes. */
interface Topology {
  readonly node: readonly GraphDefNode[];
}

/** Stands for the size of a dimension that the graph leaves open, when the features are measured. */
const OPEN_SIZE = 224;
const PRODUCT = /^(_Fused)?(MatMul|Conv2D)$/;

/**
 * Creates a GraphModel that computes as `model` does up to the node `after`, and has a new dense head from there. Feature maps are
 * averaged over space before the head. The new head is the only output, and nodes that it does not need are dropped. Its parameters are
 * `<name>/kernel` and `<name>/bias`; `<name>/BiasAdd` is the node of the logits.
 *
 * The new model has copies of the weights, so both models can be used and disposed separately. To find the number of features, the
 * graph runs once on an example of zeros.
 *
 * @param model from `tf.loadGraphModel` of tfjs-converter 4.
 * @param options `after` names a node. By default the head takes the place of the last product with a constant kernel (MatMul or Conv2D).
 * @throws OptionsError if the node `after` does not exist, if it gives no features of each example, or if the name of the head is taken.
 */
export async function replaceGraphHead<M extends GraphModelLike>(
  model: M,
  { units, activation = "softmax", name = "head", after, seed = 0 }: ReplaceHeadOptions,
): Promise<M> {
  const { artifacts } = model as { artifacts?: tf.io.ModelArtifacts };
  const topology = artifacts?.modelTopology as Topology | undefined;
  if (!artifacts || !topology?.node)
    throw new OptionsError("The GraphModel has no topology.", "Load it with tf.loadGraphModel of tfjs-converter 4.");
  const byName = new Map(topology.node.map((node) => [node.name, node]));
  if (after !== undefined && !byName.has(nodeName(after)))
    throw new OptionsError(`The graph has no node \`${after}\`.`, didYouMean(after, [...byName.keys()]));
  const features = after ?? beforeLastProduct(model, byName);
  const kept = readBy([features, ...model.inputs.map((input) => input.name)], byName);
  if ([...kept].some((node) => node === name || node.startsWith(`${name}/`)))
    throw new OptionsError(`The graph already has nodes named \`${name}\`.`, "Give the new head another `name`.");
  const shape = shapeAt(model, features);
  const [inputs] = shape.slice(-1) as [number];
  const { kernel, bias } = headValues(inputs, units, seed);
  const space = tf.range(1, shape.length - 1, 1, "int32");

  const made = headNodes(name, features, shape.length, activation);
  const named = topology.node
    .filter((node) => kept.has(node.name))
    .flatMap((node) => (model.weights[node.name]?.[0] ? [node.name] : []))
    .map((weight) => ({ name: weight, tensor: model.weights[weight]?.[0] as tf.Tensor }));
  const { data, specs } = await tf.io.encodeWeights([
    ...named,
    { name: `${name}/kernel`, tensor: kernel },
    { name: `${name}/bias`, tensor: bias },
    ...(shape.length > 2 ? [{ name: `${name}/axes`, tensor: space }] : []),
  ]);
  tf.dispose([kernel, bias, space]);

  const output = (made.at(-1) as { name: string }).name;
  const { modelInitializer: _, initializerSignature: __, userDefinedMetadata: metadata, ...rest } = artifacts;
  const { signature: inMetadata, structuredOutputKeys: ___, ...facts } = (metadata ?? {}) as Record<string, object>;
  const signature = (inMetadata ?? artifacts.signature ?? {}) as object;
  const tensorShape = { dim: [{ size: "-1" }, { size: String(units) }] };
  const changed: tf.io.ModelArtifacts = {
    ...rest,
    ...(Object.keys(facts).length > 0 ? { userDefinedMetadata: facts } : {}),
    signature: { ...signature, outputs: { [name]: { name: `${output}:0`, dtype: "DT_FLOAT", tensorShape } } },
    modelTopology: { ...topology, node: [...topology.node.filter((node) => kept.has(node.name)), ...made] },
    weightSpecs: specs,
    weightData: data,
  };
  const GraphModel = model.constructor as new (handler: tf.io.IOHandler) => M & { load(): unknown };
  const loaded = new GraphModel({ load: async () => changed });
  await loaded.load();
  return loaded;
}

/** Returns the value that the last product with a constant kernel reads. */
function beforeLastProduct({ outputs, weights }: GraphModelLike, byName: ReadonlyMap<string, GraphDefNode>): string {
  const read = readBy(
    outputs.map((output) => output.name),
    byName,
  );
  const constant = (input: string): boolean => {
    const node = byName.get(nodeName(input));
    return node?.op === "Identity" ? constant(node.input?.[0] ?? "") : weights[nodeName(input)] !== undefined;
  };
  // `readBy` walks from the outputs, so the first product that it meets is the last one of the graph.
  for (const name of read) {
    const { op, input: [values, kernel] = [] } = byName.get(name) as GraphDefNode;
    if (PRODUCT.test(op) && values && kernel && constant(kernel)) return values;
  }
  throw new OptionsError(
    "The graph has no product with a constant kernel, so its head cannot be found.",
    "Set `after` to the node whose output the new head reads.",
  );
}

/** Lists the nodes that `names` depend on, themselves included, those nearest to `names` first. */
function readBy(names: readonly string[], byName: ReadonlyMap<string, GraphDefNode>): ReadonlySet<string> {
  const read = new Set(names.map(nodeName).filter((name) => byName.has(name)));
  for (const name of read) for (const input of byName.get(name)?.input ?? []) read.add(nodeName(input));
  return read;
}

/** Returns the shape of a node's output for one example, on an input of zeros. */
function shapeAt(model: GraphModelLike, features: string): readonly number[] {
  const shape = tf.tidy(() => {
    const zeros = model.inputs.map(({ name, shape: given = [], dtype }) => {
      const sizes = given.map((size, axis) => (size !== null && size > 0 ? size : axis === 0 ? 1 : OPEN_SIZE));
      return [nodeName(name), tf.zeros(sizes, dtype ?? "float32")] as const;
    });
    try {
      const out = model.execute(Object.fromEntries(zeros), [features]);
      return (Array.isArray(out) ? (out[0] as tf.Tensor) : out).shape;
    } catch (cause) {
      throw new OptionsError(
        `The graph cannot run up to \`${features}\`: ${(cause as Error).message}`,
        "Set `after` to a node before it, or convert the model with a fixed input size.",
        { cause },
      );
    }
  });
  const [batch] = model.inputs[0]?.shape ?? [];
  if (shape.length < 2 || shape.length > 5 || (shape[0] !== 1 && shape[0] !== batch))
    throw new OptionsError(
      `\`${features}\` has the shape [${shape.join(", ")}] for one example.`,
      "Set `after` to a node that gives features for each example: its first axis is the batch, its last the features.",
    );
  return shape;
}

const FLOAT = { type: "DT_FLOAT" };
const ACTIVATIONS = { softmax: "Softmax", sigmoid: "Sigmoid", linear: undefined } as const;

/** Makes the nodes of a dense head. The last one is the output. */
function headNodes(name: string, features: string, rank: number, activation: keyof typeof ACTIVATIONS): object[] {
  const constant = (part: string, type: object) => ({ name: `${name}/${part}`, op: "Const", attr: { dtype: type } });
  const op = (kind: string, input: string[], attr: object = {}) => ({
    ...{ name: `${name}/${kind}`, op: kind, input },
    attr: { T: FLOAT, ...attr },
  });
  const last = ACTIVATIONS[activation];
  return [
    ...(rank > 2 ? [constant("axes", { type: "DT_INT32" })] : []),
    ...[constant("kernel", FLOAT), constant("bias", FLOAT)],
    ...(rank > 2 ? [op("Mean", [features, `${name}/axes`], { keep_dims: { b: false } })] : []),
    op("MatMul", [rank > 2 ? `${name}/Mean` : features, `${name}/kernel`], {
      ...{ transpose_a: { b: false }, transpose_b: { b: false } },
    }),
    op("BiasAdd", [`${name}/MatMul`, `${name}/bias`]),
    ...(last ? [op(last, [`${name}/BiasAdd`])] : []),
  ];
}

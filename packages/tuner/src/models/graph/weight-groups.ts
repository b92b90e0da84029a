import { type GraphDefNode, nodeName } from "./graph-model.ts";

/** The place of a constant in its graph. */
export interface WeightGroup {
  /** Group of the constants that one layer reads: a kernel and its bias, for example. */
  readonly layer: string;
  /** Role by the node that reads the constant. Undefined if the node does not tell. */
  readonly role: string | undefined;
  /** Orders the groups as the graph computes, and the constants within a group. */
  readonly position: number;
}

const LINEAR =
  /^(_Fused)?(MatMul|BatchMatMul(V2)?|Conv2D|DepthwiseConv2dNative|Conv3D|Conv1D)$|^FusedDepthwiseConv2dNative$/;
const ADDS = /^(BiasAdd(V1)?|Add|AddV2)$/;
const BATCH_NORM = /^FusedBatchNorm(V[23])?$/;
const PASSES = /^(Identity|ReadVariableOp|Cast|Reshape|Squeeze|ExpandDims)$/;

/**
 * Groups the constants of a graph by the node that computes with them. The bias that is added to a product belongs to the product.
 *
 * A group has the name of the path that its constants have in common, if no other constant lies below it, else the name of its node.
 *
 * @param names of the constants. One that no node reads is left out.
 */
export function weightGroups(
  nodes: readonly GraphDefNode[],
  names: readonly string[],
): ReadonlyMap<string, WeightGroup> {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const wanted = new Set(names);
  const found = new Map<string, { node: string; role: string | undefined; position: number }>();
  inOrder(nodes, byName).forEach((node, position) => {
    node.input?.forEach((input, i) => {
      const name = sourceOf(input, byName);
      if (!wanted.has(name) || found.has(name) || PASSES.test(node.op)) return;
      const product = ADDS.test(node.op) ? productBefore(node, byName) : undefined;
      found.set(name, { node: product ?? node.name, role: product ? "bias" : roleOf(node.op, i), position });
    });
  });
  const members = new Map<string, string[]>();
  for (const [name, { node }] of found) members.set(node, [...(members.get(node) ?? []), name]);
  const layers = new Map([...members].map(([node, own]) => [node, pathOf(own, names) ?? node]));
  const first = new Map(
    [...members].map(([node, own]) => [node, Math.min(...own.map((name) => found.get(name)?.position ?? 0))]),
  );
  return new Map(
    [...found].map(([name, { node, role, position }]) => [
      name,
      {
        layer: layers.get(node) as string,
        role,
        position: (first.get(node) as number) * (nodes.length + 1) + position,
      },
    ]),
  );
}

/** Returns the nodes so that each comes after its inputs. */
function inOrder(nodes: readonly GraphDefNode[], byName: ReadonlyMap<string, GraphDefNode>): readonly GraphDefNode[] {
  const placed = new Set<GraphDefNode>();
  const open = new Set<GraphDefNode>();
  for (const start of nodes) {
    const waiting = [start];
    for (let node = waiting.at(-1); node; node = waiting.at(-1)) {
      const before = (node.input ?? []).flatMap((input) => byName.get(nodeName(input)) ?? []);
      const next = open.has(node) ? undefined : before.filter((input) => !placed.has(input) && !open.has(input));
      open.add(node);
      if (next && next.length > 0) waiting.push(...next);
      else {
        waiting.pop();
        placed.add(node);
      }
    }
  }
  return [...placed];
}

/** Follows nodes that only pass a value on. */
function sourceOf(input: string, byName: ReadonlyMap<string, GraphDefNode>): string {
  let name = nodeName(input);
  for (let node = byName.get(name); node && PASSES.test(node.op) && node.input?.[0]; node = byName.get(name))
    name = nodeName(node.input[0]);
  return name;
}

/** Returns the product that an addition adds to. */
function productBefore(node: GraphDefNode, byName: ReadonlyMap<string, GraphDefNode>): string | undefined {
  const sources = (node.input ?? []).flatMap((input) => byName.get(sourceOf(input, byName)) ?? []);
  return sources.find(({ op }) => LINEAR.test(op))?.name;
}

function roleOf(op: string, input: number): string | undefined {
  if (LINEAR.test(op)) return input === 1 ? "kernel" : input === 2 ? "bias" : undefined;
  if (BATCH_NORM.test(op)) return [undefined, "gamma", "beta", "moving_mean", "moving_variance"][input];
  return undefined;
}

/** Returns the path that the names have in common, if no other name lies below it. */
function pathOf(own: readonly string[], all: readonly string[]): string | undefined {
  const [first = [], ...others] = own.map((name) => name.split("/").slice(0, -1));
  const differs = first.findIndex((part, i) => others.some((other) => other[i] !== part));
  const path = differs < 0 ? first : first.slice(0, differs);
  const common = path.join("/");
  const below = all.filter((name) => name.startsWith(`${common}/`));
  return common !== "" && below.every((name) => own.includes(name)) ? common : undefined;
}

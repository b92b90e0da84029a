import { type GraphDefNode, nodeName, outputIndex } from "./graph-model.ts";
import { constantNumbers, mixesRows } from "./mixes-rows.ts";

/** Ops whose result changes from run to run, depends on the batch size, or hides a subgraph. */
const IMPURE =
  /Random|Multinomial|^Dropout|^(Shape|ShapeN|Size|Rank|While|StatelessWhile|If|StatelessIf|Switch|Merge|Enter|Exit|NextIteration|LoopCond)$|TensorArray|TensorList|HashTable|FusedBatchNormTrain/;
const CONSTANT = /^(Const|Placeholder)$/;

/** A converted graph divided into trunk and tail. */
export interface GraphSplit {
  readonly trunk: readonly string[];
  /** The other nodes that compute, each after its inputs. */
  readonly tail: readonly string[];
  /** Trunk nodes and model inputs whose outputs the tail reads. */
  readonly frontier: readonly string[];
  /** Constants that the trunk reads. */
  readonly constants: readonly string[];
  readonly stops: readonly { readonly path: string; readonly why: string }[];
  readonly of: number;
}

/** Facts about a graph besides its nodes. */
export interface GraphFacts {
  readonly inputs: ReadonlySet<string>;
  readonly outputs: readonly string[];
  /** Constants that the optimizer trains. */
  readonly trained: ReadonlySet<string>;
  /** Returns the values of an integer constant; undefined for other nodes. */
  readonly constant: (name: string) => readonly number[] | undefined;
}

type State = "constant" | "trunk" | "tail";

/** Finds the trunk: the largest part of the graph, starting at the inputs, that no trained constant and no impure op reaches. */
export function splitGraph(
  nodes: readonly GraphDefNode[],
  { inputs, outputs, trained, constant }: GraphFacts,
): GraphSplit {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const parents = (name: string): readonly string[] => (byName.get(name)?.input ?? []).map(nodeName);
  const { order, leaves } = inRunningOrder(outputs, inputs, byName);
  const state = new Map<string, State>();
  for (const name of leaves) state.set(name, inputs.has(name) ? "trunk" : trained.has(name) ? "tail" : "constant");
  const why = new Map<string, string>();

  const settle = (name: string): State => {
    const node = byName.get(name) as GraphDefNode;
    const states = parents(name).map((parent) => state.get(parent));
    const fixed = {
      computed: (i: number) => states[i] !== "constant",
      numbers: (i: number) => constantNumbers(node, i, byName, constant),
    };
    if (IMPURE.test(node.op)) why.set(name, `${node.op} does not depend only on the example`);
    else if (states.includes("trunk") && mixesRows(node, fixed))
      why.set(name, `${node.op} combines examples of a batch`);
    if (why.has(name) || states.includes("tail")) return "tail";
    return states.includes("trunk") ? "trunk" : "constant";
  };
  const settleAll = (): readonly string[] => {
    for (const name of order) state.set(name, why.has(name) ? "tail" : settle(name));
    const read = order.filter((name) => state.get(name) === "tail").flatMap((name) => byName.get(name)?.input ?? []);
    return [...read, ...outputs].filter((input) => state.get(nodeName(input)) === "trunk");
  };

  let read = settleAll();
  // tfjs can feed only one output per node. If the tail reads another output, the node itself must be in the tail.
  for (let split = severalOf(read); split.length > 0; split = severalOf(read)) {
    for (const name of split) why.set(name, `${byName.get(name)?.op} has several outputs`);
    read = settleAll();
  }

  const trunk = order.filter((name) => state.get(name) === "trunk");
  const tail = order.filter((name) => state.get(name) === "tail");
  const begins = tail.filter((name) => parents(name).every((p) => state.get(p) !== "tail" || trained.has(p)));
  return {
    trunk,
    tail,
    frontier: [...new Set(read.map(nodeName))],
    constants: constantsBehind(trunk, parents, state),
    stops: begins.map((path) => ({ path, why: why.get(path) ?? "trained" })),
    of: order.length,
  };
}

function severalOf(read: readonly string[]): string[] {
  return [...new Set(read.filter((input) => outputIndex(input) > 0).map(nodeName))];
}

/** Lists the nodes that compute, each after its inputs, and the leaves: model inputs and constants. */
function inRunningOrder(
  outputs: readonly string[],
  inputs: ReadonlySet<string>,
  byName: ReadonlyMap<string, GraphDefNode>,
): { order: string[]; leaves: string[] } {
  const [order, leaves]: [string[], string[]] = [[], []];
  const seen = new Set<string>();
  for (const output of outputs) {
    const stack = [nodeName(output)];
    while (stack.length > 0) {
      const top = stack.at(-1) as string;
      const node = byName.get(top);
      const leaf = inputs.has(top) || !node || CONSTANT.test(node.op);
      const waiting = leaf ? [] : (node.input ?? []).map(nodeName).filter((input) => !seen.has(input));
      if (waiting.length > 0 && !seen.has(top)) stack.push(...waiting);
      else {
        stack.pop();
        if (!seen.has(top)) (leaf ? leaves : order).push(top);
        seen.add(top);
      }
    }
  }
  return { order, leaves };
}

/** Lists the constants that the trunk reads, directly or through nodes that compute from constants only. */
function constantsBehind(
  trunk: readonly string[],
  parents: (name: string) => readonly string[],
  state: ReadonlyMap<string, State>,
): string[] {
  const found = new Set<string>();
  const waiting = trunk.flatMap(parents);
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (state.get(name) !== "constant" || found.has(name)) continue;
    found.add(name);
    waiting.push(...parents(name));
  }
  return [...found];
}

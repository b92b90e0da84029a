import { type GraphDefNode, nodeName, outputIndex } from "./graph-model.ts";
import { constantNumbers, mixesRows } from "./mixes-rows.ts";

/** Ops whose result changes from run to run, depends on the batch's size, or hides a subgraph. */
const IMPURE =
  /Random|Multinomial|^Dropout|^(Shape|ShapeN|Size|Rank|While|StatelessWhile|If|StatelessIf|Switch|Merge|Enter|Exit|NextIteration|LoopCond)$|TensorArray|TensorList|HashTable|FusedBatchNormTrain/;
const CONSTANT = /^(Const|Placeholder)$/;

/** Where a converted graph is cut. */
export interface GraphSplit {
  readonly trunk: readonly string[];
  /** The others that compute, each behind what it reads. */
  readonly tail: readonly string[];
  /** Nodes whose outputs the rest reads; model inputs among them. */
  readonly frontier: readonly string[];
  /** Constants that the trunk reads. */
  readonly constants: readonly string[];
  readonly stops: readonly { readonly path: string; readonly why: string }[];
  readonly of: number;
}

/** What is known of a graph beside its nodes. */
export interface GraphFacts {
  readonly inputs: ReadonlySet<string>;
  readonly outputs: readonly string[];
  /** Constants that the optimizer moves. */
  readonly trained: ReadonlySet<string>;
  /** Values of a constant of whole numbers. */
  readonly constant: (name: string) => readonly number[] | undefined;
}

type State = "constant" | "trunk" | "tail";

/** The largest part that no trained constant and no impure op reaches, from the inputs on. */
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
    if (IMPURE.test(node.op)) why.set(name, `${node.op} is not fixed by the example`);
    else if (states.includes("trunk") && mixesRows(node, fixed)) why.set(name, `${node.op} joins examples of a batch`);
    if (why.has(name) || states.includes("tail")) return "tail";
    return states.includes("trunk") ? "trunk" : "constant";
  };
  const settleAll = (): readonly string[] => {
    for (const name of order) state.set(name, why.has(name) ? "tail" : settle(name));
    const read = order.filter((name) => state.get(name) === "tail").flatMap((name) => byName.get(name)?.input ?? []);
    return [...read, ...outputs].filter((input) => state.get(nodeName(input)) === "trunk");
  };

  let read = settleAll();
  // tfjs feeds one output a node, the last that is given: a node of whose others something is read runs behind the cut.
  for (let split = severalOf(read); split.length > 0; split = severalOf(read)) {
    for (const name of split) why.set(name, `${byName.get(name)?.op} gives several values`);
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

/** Nodes that compute, each behind what it reads, and the inputs and constants that they begin with. */
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

/** Constants that the trunk reads, directly or through nodes that only compute with constants. */
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

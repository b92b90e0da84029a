import { type GraphDefNode, nodeName } from "./graph-model.ts";

/** Ops whose result changes from run to run, depends on the batch as a whole, or hides a subgraph. */
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
  readonly stops: readonly { readonly path: string; readonly why: string }[];
  readonly of: number;
}

/** The largest part that no trained constant and no impure op reaches, from the inputs on. */
export function splitGraph(
  nodes: readonly GraphDefNode[],
  inputs: ReadonlySet<string>,
  outputs: readonly string[],
  trained: ReadonlySet<string>,
): GraphSplit {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const state = new Map<string, "constant" | "trunk" | "tail">();
  const trunk: string[] = [];
  const stops: { path: string; why: string }[] = [];
  const order: string[] = [];
  const visit = (name: string): void => {
    const stack = [name];
    while (stack.length > 0) {
      const top = stack.at(-1) as string;
      const node = byName.get(top);
      const waiting = (node?.input ?? []).map(nodeName).filter((input) => !state.has(input));
      if (state.has(top) || !node || waiting.length === 0 || inputs.has(top)) {
        stack.pop();
        if (!state.has(top)) settle(top, node);
      } else stack.push(...waiting);
    }
  };
  const settle = (name: string, node: GraphDefNode | undefined): void => {
    const parents = (node?.input ?? []).map(nodeName);
    if (inputs.has(name)) state.set(name, "trunk");
    else if (!node || CONSTANT.test(node.op)) state.set(name, trained.has(name) ? "tail" : "constant");
    else {
      const states = parents.map((parent) => state.get(parent));
      const impure = IMPURE.test(node.op);
      order.push(name);
      if (!impure && !states.includes("tail")) {
        const computed = states.includes("trunk");
        state.set(name, computed ? "trunk" : "constant");
        if (computed) trunk.push(name);
        return;
      }
      state.set(name, "tail");
      const reached = parents.every((parent) => state.get(parent) !== "tail" || trained.has(parent));
      if (reached) stops.push({ path: name, why: impure ? `${node.op} is not fixed by the example` : "trained" });
    }
  };
  for (const output of outputs) visit(nodeName(output));
  const frontier = new Set<string>();
  for (const name of order) {
    if (state.get(name) !== "tail") continue;
    for (const input of byName.get(name)?.input ?? [])
      if (state.get(nodeName(input)) === "trunk") frontier.add(nodeName(input));
  }
  for (const output of outputs) if (state.get(nodeName(output)) === "trunk") frontier.add(nodeName(output));
  const tail = order.filter((name) => state.get(name) === "tail");
  return { trunk, tail, frontier: [...frontier], stops, of: order.length };
}

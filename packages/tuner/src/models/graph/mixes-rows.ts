import { type GraphDefNode, nodeName } from "./graph-model.ts";

/** What is known of a node's inputs. */
export interface NodeInputs {
  /** Whether input `i` is computed from the examples. */
  computed(i: number): boolean;
  /** The whole numbers of input `i`; undefined where it is no constant. */
  numbers(i: number): readonly number[] | undefined;
}

/** Along the axes of input 1. */
const ALONG_AXES =
  /^(Mean|Sum|Max|Min|Prod|All|Any|EuclideanNorm|ArgMax|ArgMin|Cumsum|Cumprod|Reverse|ReverseV2|ExpandDims)$/;
const WHOLE =
  /^(L2Loss|Unique|UniqueV2|Bincount|ListDiff|Where|BiasAddGrad|SegmentSum|UnsortedSegment\w+|GatherNd|ScatterNd|TensorScatter\w+)$/;

/**
 * Whether a node's output for an example may depend on the other examples of its batch: what runs along axis 0, the batch's own,
 * or over everything. Axes counted from the end are taken for others: ranks are not known here.
 */
export function mixesRows({ op, attr, input = [] }: GraphDefNode, { computed, numbers }: NodeInputs): boolean {
  const on0 = (i: number): boolean => numbers(i)?.includes(0) ?? true;
  const last = input.filter((name) => !name.startsWith("^")).length - 1;
  if (WHOLE.test(op)) return true;
  if (ALONG_AXES.test(op)) return on0(1);
  if (op === "Transpose") return numbers(1)?.[0] !== 0;
  if (op === "ConcatV2") return on0(last);
  if (op === "Concat") return on0(0);
  if (op === "Pack" || op === "Unpack") return Number(attr?.axis?.i ?? 0) === 0;
  if (op === "Split" || op === "SplitV") return on0(op === "Split" ? 0 : 2);
  if (op === "GatherV2") return computed(0) && on0(2);
  if (op === "Gather") return computed(0);
  // The second factor's rows are examples as well: every product joins two of them.
  if (op === "MatMul" || op === "_FusedMatMul") return computed(1) || attr?.transpose_a?.b === true;
  return false;
}

/** The numbers of a node's inputs, through nodes that only pass constants on. */
export function constantNumbers(
  { input = [] }: GraphDefNode,
  i: number,
  byName: ReadonlyMap<string, GraphDefNode>,
  constant: (name: string) => readonly number[] | undefined,
): readonly number[] | undefined {
  let name = nodeName(input[i] ?? "");
  for (let node = byName.get(name); node?.op === "Identity"; node = byName.get(name))
    name = nodeName(node.input?.[0] ?? "");
  return constant(name);
}

import { type GraphDefNode, nodeName } from "./graph-model.ts";

/** Facts about a node's inputs. */
export interface NodeInputs {
  /** Whether input `i` is computed from the examples. */
  computed(i: number): boolean;
  /** The integers of input `i`; undefined if the input is not a constant. */
  numbers(i: number): readonly number[] | undefined;
}

/** Ops that work along the axes given by input 1. */
const ALONG_AXES =
  /^(Mean|Sum|Max|Min|Prod|All|Any|EuclideanNorm|ArgMax|ArgMin|Cumsum|Cumprod|Reverse|ReverseV2|ExpandDims)$/;
/** Ops that work over the whole tensor. */
const WHOLE =
  /^(L2Loss|Unique|UniqueV2|Bincount|ListDiff|Where|BiasAddGrad|SegmentSum|UnsortedSegment\w+|GatherNd|ScatterNd|TensorScatter\w+)$/;

/**
 * Tells whether a node's output for an example may depend on other examples in the batch. This holds for ops along axis 0 (the batch)
 * and for ops over the whole tensor. Negative axes are assumed not to be axis 0, because ranks are not known here.
 */
export function mixesRows({ op, attr, input = [] }: GraphDefNode, { computed, numbers }: NodeInputs): boolean {
  const includesAxis0 = (i: number): boolean => numbers(i)?.includes(0) ?? true;
  const last = input.filter((name) => !name.startsWith("^")).length - 1;
  if (WHOLE.test(op)) return true;
  if (ALONG_AXES.test(op)) return includesAxis0(1);
  if (op === "Transpose") return numbers(1)?.[0] !== 0;
  if (op === "ConcatV2") return includesAxis0(last);
  if (op === "Concat") return includesAxis0(0);
  if (op === "Pack" || op === "Unpack") return Number(attr?.axis?.i ?? 0) === 0;
  if (op === "Split" || op === "SplitV") return includesAxis0(op === "Split" ? 0 : 2);
  if (op === "GatherV2") return computed(0) && includesAxis0(2);
  if (op === "Gather") return computed(0);
  // The rows of the second factor are examples as well, so every product combines two examples.
  if (op === "MatMul" || op === "_FusedMatMul") return computed(1) || attr?.transpose_a?.b === true;
  return false;
}

/** Reads the integers of a node's constant input `i`, following Identity nodes. Undefined if the input is not a constant. */
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

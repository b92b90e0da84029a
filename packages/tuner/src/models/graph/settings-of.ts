import { type GraphDefNode, nodeName } from "./graph-model.ts";

/** Inputs that tfjs reads as numbers and not as tensors, by op. They have no gradient. */
const SETTINGS: Readonly<Record<string, readonly number[]>> = {
  PadV2: [2],
  ClipByValue: [1, 2],
  OneHot: [2, 3],
  Fill: [1],
  Range: [0, 1, 2],
  LinSpace: [0, 1],
  SparseToDense: [3],
};

/** Lists the constants that a graph uses only as settings of its ops, such as the value of a padding. */
export function settingsOf(nodes: readonly GraphDefNode[]): ReadonlySet<string> {
  const [settings, tensors] = [new Set<string>(), new Set<string>()];
  for (const { op, input = [] } of nodes)
    for (const [i, name] of input.entries()) (SETTINGS[op]?.includes(i) ? settings : tensors).add(nodeName(name));
  return new Set([...settings].filter((name) => !tensors.has(name)));
}

import { becomes, type LayerRule } from "./rule.ts";

const PLAIN: LayerRule = { keeps: [] };

/** Layers that merge several inputs. */
export const MERGING: Readonly<Record<string, LayerRule>> = {
  Add: PLAIN,
  Average: PLAIN,
  Multiply: PLAIN,
  Maximum: PLAIN,
  Minimum: PLAIN,
  Subtract: becomes("KerasOperation", [], { with: () => ({ operation: "subtract", operands: [null, null] }) }),
  Concatenate: { keeps: ["axis"] },
  Dot: { keeps: ["axes", "normalize"] },
};

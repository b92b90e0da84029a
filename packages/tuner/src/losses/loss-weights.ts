import { OptionsError } from "@graftjs/core";
import { assertKnownOutputs } from "../models/adapter/known-outputs.ts";

/** The `lossWeights` option: factors on the outputs' losses, in order or by the output's name. */
export type LossWeights = readonly number[] | { readonly [output: string]: number };

/** Returns one factor per output, in the model's order. Outputs without a name in the option have 1. @throws OptionsError */
export function weightsByOutput(option: LossWeights | undefined, outputs: readonly string[]): readonly number[] {
  if (option === undefined) return outputs.map(() => 1);
  if (Array.isArray(option)) {
    if (option.length === outputs.length) return option as readonly number[];
    throw new OptionsError(
      `\`lossWeights\` has ${option.length} weights for ${outputs.length} output(s).`,
      `Give one for each of ${outputs.join(", ")}.`,
    );
  }
  const byName = option as { readonly [output: string]: number };
  assertKnownOutputs("lossWeights", byName, outputs);
  return outputs.map((name) => byName[name] ?? 1);
}

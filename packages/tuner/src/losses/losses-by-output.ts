import { OptionsError } from "@graftjs/core";
import type { Loss } from "./loss.ts";

/** The `loss` option: one loss, one per output in order, or one per output by the output's name. */
export type LossOption = Loss | readonly Loss[] | { readonly [output: string]: Loss };

/** Returns the losses of the option with their keys. A single loss, or one in a list, has no name. */
export function namedLosses(option: LossOption): readonly (readonly [output: string | undefined, Loss])[] {
  const given = listed(option);
  return Array.isArray(given) ? given.map((loss) => [undefined, loss]) : Object.entries(given);
}

/** Returns one loss per output, in the model's order. @throws OptionsError if they do not match the outputs */
export function lossesByOutput(option: LossOption, outputs: readonly string[]): readonly Loss[] {
  const given = listed(option);
  if (Array.isArray(given)) {
    if (given.length === 1 && outputs.length > 1) return outputs.map(() => given[0] as Loss);
    if (given.length === outputs.length) return given as Loss[];
    throw new OptionsError(
      `${given.length} losses for ${outputs.length} output(s).`,
      `Give one for each of ${outputs.join(", ")}.`,
    );
  }
  const byName = given as { readonly [output: string]: Loss };
  const stray = Object.keys(byName).filter((name) => !outputs.includes(name));
  const without = outputs.filter((name) => byName[name] === undefined);
  if (stray.length + without.length > 0) {
    throw new OptionsError(
      "The losses do not match the outputs.",
      [
        ...stray.map((name) => `The model has no output \`${name}\`. Its outputs are ${outputs.join(", ")}.`),
        ...without.map((name) => `\`${name}\` has no loss.`),
      ].join("\n"),
    );
  }
  return outputs.map((name) => byName[name] as Loss);
}

function listed(option: LossOption): readonly Loss[] | { readonly [output: string]: Loss } {
  const single =
    typeof option !== "object" || ("compute" in option && typeof option.compute === "function" && "name" in option);
  return single ? [option as Loss] : (option as readonly Loss[] | { readonly [output: string]: Loss });
}

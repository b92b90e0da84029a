import { OptionsError } from "@graftjs/core";

/** @param what names the function whose option is checked. @throws OptionsError if `seed` is not an integer ≥ 0. */
export function assertSeed(seed: number, what: string): void {
  if (!Number.isInteger(seed) || seed < 0)
    throw new OptionsError(
      `\`seed\` of ${what} is ${seed}.`,
      "Give an integer ≥ 0. Each one gives other random numbers.",
    );
}

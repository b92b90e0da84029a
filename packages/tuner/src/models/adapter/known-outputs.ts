import { OptionsError } from "@graftjs/core";

/**
 * Checks the keys of an option that is given by the output's name.
 *
 * @param option name of the option, for the message.
 * @throws OptionsError that lists every name that is not an output of the model
 */
export function assertKnownOutputs(option: string, byName: object, outputs: readonly string[]): void {
  const stray = Object.keys(byName).filter((name) => !outputs.includes(name));
  if (stray.length > 0)
    throw new OptionsError(
      `\`${option}\` names ${stray.map((name) => `\`${name}\``).join(", ")}, which the model does not have.`,
      `Its outputs are ${outputs.join(", ")}.`,
    );
}

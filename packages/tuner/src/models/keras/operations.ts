import { LoadError } from "../../files/load-error.ts";
import type { Entry } from "./options/config.ts";
import { OPERATIONS } from "./layers/operation.ts";
import { callOf, historyOf } from "./nodes.ts";

/**
 * Tells whether an entry is an operation of `keras.ops`, such as `x + 3.0`, and not a layer. `Add` is the name of both. `.h5` files
 * do not say the module, but only operations have no option besides their own: every layer has a dtype.
 */
export function isOperation({ module, config, inbound_nodes: nodes }: Entry): boolean {
  if (typeof module === "string") return /^keras\.(src\.)?ops\b/.test(module);
  const bare = config.dtype === undefined && config.trainable === undefined;
  return bare && nodes !== undefined && nodes.length > 0 && nodes.every((node) => callOf(node) !== undefined);
}

/**
 * Translates an operation of `keras.ops` to a layer.
 *
 * @throws LoadError if the operation is not supported, or if an argument is neither a value of the model nor a number.
 */
export function operationFrom(entry: Entry): Pick<Entry, "class_name" | "config"> {
  const { class_name: type, config, inbound_nodes: nodes = [] } = entry;
  const name = String(config.name ?? entry.name);
  const operation = type.charAt(0).toLowerCase() + type.slice(1);
  const calls = nodes.map(callOf);
  const unusual = Object.entries(config).some(([option, value]) => option !== "name" && value !== null);
  if (!Object.hasOwn(OPERATIONS, operation) || unusual || calls.some((call) => !call))
    throw new LoadError(
      `\`${name}\` is the operation ${type} of keras.ops${unusual ? " with options" : ""}, which is not supported.`,
      `Use a layer instead, or one of these: ${Object.keys(OPERATIONS).join(", ")}.`,
    );
  const operands = calls.map((call) =>
    [...(call?.args ?? []), ...Object.values(call?.kwargs ?? {})].map((argument) => {
      if (historyOf(argument)) return null;
      if (typeof argument === "number") return argument;
      throw new LoadError(
        `\`${name}\` (${type}) has the argument ${JSON.stringify(argument)?.slice(0, 60)}.`,
        "Only values of the model and numbers can be operands.",
      );
    }),
  );
  if (operands.some((one) => String(one) !== String(operands[0])))
    throw new LoadError(`\`${name}\` (${type}) is called with different numbers.`, "Use an operation for each call.");
  return {
    class_name: "KerasOperation",
    config: { name, operation, operands: operands[0] ?? [] },
  };
}

import { KerasWriteError } from "./keras-write-error.ts";

/** Functions of tfjs-layers that Keras 3 defines in the same way under another name. */
const RENAMED: Readonly<Record<string, string>> = { swish: "silu", silu: "silu" };

const SAME: ReadonlySet<string> = new Set(
  "linear relu relu6 sigmoid tanh softmax log_softmax softplus softsign selu elu gelu mish".split(" "),
);

/**
 * Returns Keras 3's name of an activation.
 *
 * @param where layer and option, for the message.
 * @throws KerasWriteError if Keras has no such function, or defines it differently
 */
export function kerasActivation(value: unknown, where: string): string {
  if (value === null || value === undefined) return "linear";
  const name = String(value);
  if (SAME.has(name)) return name;
  if (RENAMED[name]) return RENAMED[name];
  // The functions that Graft defines as Keras 3 does.
  if (name.startsWith("keras_")) return name.slice("keras_".length);
  throw new KerasWriteError(
    `${where} is \`${name}\`, which Keras 3 ${name === "hard_sigmoid" ? "defines with another slope" : "does not have"}.`,
    name === "hard_sigmoid"
      ? "Train the layer with `sigmoid`: `activation` of the layer, or `recurrentActivation` of a recurrent one."
      : `Use one of these: ${[...SAME].join(", ")}.`,
  );
}

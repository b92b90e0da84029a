import { LoadError } from "../../files/load-error.ts";
import { isEntry } from "./options/config.ts";
import type { Dialect } from "./dialect.ts";

/**
 * Translates the name of an activation to the name of the same function in tfjs-layers or in `layers/activation-functions.ts`.
 *
 * @param where layer and option, for the message.
 * @throws LoadError if neither has the function.
 */
export function activationFrom(value: unknown, dialect: Dialect, where: string): unknown {
  if (value === null || value === undefined) return "linear";
  if (dialect === "tfjs") return value;
  const name = isEntry(value) && typeof value.config.name === "string" ? value.config.name : value;
  const table = dialect === "keras3" ? KERAS3 : KERAS2;
  const found = typeof name === "string" && Object.hasOwn(table, name) ? table[name] : undefined;
  if (found !== undefined) return found;
  const shown = isEntry(value) ? value.class_name : JSON.stringify(value);
  throw new LoadError(
    `${where} is the activation ${shown}, which tfjs-layers does not have.`,
    `Save the model with one of these: ${Object.keys(table).join(", ")}.`,
  );
}

/** Functions that have the same definition in Keras 2, Keras 3 and tfjs-layers. */
const SHARED: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [
      "linear",
      "relu",
      "relu6",
      "sigmoid",
      "tanh",
      "softmax",
      "softplus",
      "softsign",
      "selu",
      "elu",
      "gelu",
      "mish",
    ].map((name) => [name, name]),
  ),
  ...{ log_softmax: "log_softmax", swish: "swish", silu: "swish", exponential: "keras_exponential" },
  leaky_relu: "keras_leaky_relu",
};

const KERAS2: Readonly<Record<string, string>> = { ...SHARED, hard_sigmoid: "hard_sigmoid" };

const KERAS3: Readonly<Record<string, string>> = {
  ...SHARED,
  ...{ hard_sigmoid: "keras_hard_sigmoid", hard_silu: "keras_hard_silu", hard_swish: "keras_hard_silu" },
  ...{ celu: "keras_celu", hard_tanh: "keras_hard_tanh", hard_shrink: "keras_hard_shrink" },
  ...{ soft_shrink: "keras_soft_shrink", tanh_shrink: "keras_tanh_shrink", log_sigmoid: "keras_log_sigmoid" },
  ...{ squareplus: "keras_squareplus", sparse_plus: "keras_sparse_plus", sparse_sigmoid: "keras_sparse_sigmoid" },
};

/**
 * Which program wrote a configuration. The same word can mean different functions: `hard_sigmoid` has slope 0.2 in Keras 2 and in
 * tfjs-layers, and slope 1/6 in Keras 3.
 */
export type Dialect = "tfjs" | "keras2" | "keras3";

/**
 * Finds out which program wrote a configuration.
 *
 * @param topology the configuration, with or without the envelope `{ keras_version, model_config }`.
 * @param version Keras's version if the file states it elsewhere, as `.h5` files do.
 */
export function dialectOf(topology: unknown, version?: string): Dialect {
  const stated = version ?? Object(topology).keras_version;
  if (typeof stated === "string") {
    if (stated.startsWith("tfjs")) return "tfjs";
    if (/^[012]\./.test(stated)) return "keras2";
    if (/^\d/.test(stated)) return "keras3";
  }
  // Only Keras 3 writes `batch_shape`, and every model that it saves has an input.
  return hasKey(topology, "batch_shape") ? "keras3" : "keras2";
}

function hasKey(value: unknown, key: string): boolean {
  if (typeof value !== "object" || value === null) return false;
  return Object.hasOwn(value, key) || Object.values(value).some((part) => hasKey(part, key));
}

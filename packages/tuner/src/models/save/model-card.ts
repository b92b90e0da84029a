import type { InputReaderUse } from "../../pipeline/stream/input-reader.ts";

/** Facts that an app needs to use a tuned model. They are stored with the model and with its delta. */
export interface ModelCard {
  /** Names of the classes, in the order of the model's outputs. */
  readonly classes?: readonly string[];
  /** Makes the model's inputs from files, as in training. */
  readonly reader?: InputReaderUse;
}

/**
 * Reads the card from a value of a file, which may hold anything. Parts of the wrong type are left out.
 *
 * @returns undefined if the value holds no card.
 */
export function cardOf(value: unknown): ModelCard | undefined {
  if (!isObject(value)) return undefined;
  const { classes, reader } = value as { classes?: unknown; reader?: unknown };
  const { use, with: options } = (isObject(reader) ? reader : {}) as { use?: unknown; with?: unknown };
  return {
    ...(isNames(classes) ? { classes } : {}),
    ...(typeof use === "string" ? { reader: { use, ...(isObject(options) ? { with: options } : {}) } } : {}),
  };
}

/** Reads the card of a model from the text of its `model.json`. Returns undefined if the file has no card or is not JSON. */
export function readModelCard(modelJson: string): ModelCard | undefined {
  try {
    const { userDefinedMetadata } = JSON.parse(modelJson) as { userDefinedMetadata?: { graft?: unknown } };
    return cardOf(userDefinedMetadata?.graft);
  } catch {
    return undefined;
  }
}

function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((name) => typeof name === "string");
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

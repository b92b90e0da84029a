import { statSync } from "node:fs";
import { extname, join } from "node:path";

/** The paths of a run's result. */
export interface ResultPlace {
  /** Absolute path of the delta. */
  readonly delta: string;
  /** Absolute path of the folder that gets the whole tuned model. Undefined if only the delta is saved. */
  readonly model: string | undefined;
}

/**
 * Decides from the path that a person gave. A path without an ending is a folder: it gets the whole tuned model, and the delta beside
 * it. Every other path is that of the delta.
 */
export function resultPlace(path: string): ResultPlace {
  return extname(path) === "" && !isFile(path)
    ? { delta: join(path, "delta.safetensors"), model: path }
    : { delta: path, model: undefined };
}

/** A path that cannot be looked at is reported later, with the reason. */
function isFile(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  } catch {
    return false;
  }
}

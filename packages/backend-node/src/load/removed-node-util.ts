import util from "node:util";

/** The two functions that Node 23 removed and that tfjs-node 4.22.0 still calls (tensorflow/tfjs#8609). */
interface Removed {
  isNullOrUndefined?: (value: unknown) => boolean;
  isArray?: (value: unknown) => boolean;
}

/** Adds these functions to `node:util` again. On Node 22 this also avoids deprecation warnings. */
export function restoreNodeUtil(): void {
  const target = util as unknown as Removed;
  target.isNullOrUndefined = (value) => value === null || value === undefined;
  target.isArray = Array.isArray;
}

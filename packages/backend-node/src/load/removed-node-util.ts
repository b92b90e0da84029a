import util from "node:util";

/** The two functions that Node 23 took away and tfjs-node 4.22.0 still calls (tensorflow/tfjs#8609). */
interface Removed {
  isNullOrUndefined?: (value: unknown) => boolean;
  isArray?: (value: unknown) => boolean;
}

/** Supplies what tfjs-node calls of `node:util`; also silences the deprecation warnings of Node 22. */
export function restoreNodeUtil(): void {
  const target = util as unknown as Removed;
  target.isNullOrUndefined = (value) => value === null || value === undefined;
  target.isArray = Array.isArray;
}

/** Name under which the native backend is registered in tfjs, by tfjs-node and by us. */
export const TENSORFLOW = "tensorflow";

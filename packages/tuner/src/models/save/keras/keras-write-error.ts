import { GraftError } from "@graftjs/core";

/** A model that cannot be written as a Keras file. Says which layer, and the way out. */
export class KerasWriteError extends GraftError {
  override name = "KerasWriteError";
}

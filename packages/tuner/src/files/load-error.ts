import { GraftError } from "@graftjs/core";

/** A model file cannot be loaded. */
export class LoadError extends GraftError {
  override name = "LoadError";
}

import { GraftError } from "@graftjs/core";

/** The data do not fit the model or the loss. */
export class DataError extends GraftError {
  override name = "DataError";
}

import { GraftError } from "@graftjs/core";

/** Files or folders of data cannot be used. */
export class DataFilesError extends GraftError {
  override name = "DataFilesError";
}

/** Most problems that one error lists. */
const SHOWN = 20;

/** Makes an error with one line for each problem. Of many problems it shows the first ones and the number of the others. */
export function problemsError(message: string, problems: readonly string[]): DataFilesError {
  const more = problems.length - SHOWN;
  return new DataFilesError(
    message,
    [...problems.slice(0, SHOWN), ...(more > 0 ? [`and ${more} more.`] : [])].join("\n"),
  );
}

/** Shows a file's name within a message. Control characters and line breaks are escaped. */
export function shown(name: string): string {
  return JSON.stringify(name);
}

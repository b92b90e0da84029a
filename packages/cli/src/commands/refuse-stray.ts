import { UsageError } from "../terminal/usage-error.ts";

/** @throws UsageError where more stands on the command line than the command takes. */
export function refuseStray(usage: string, stray: readonly string[]): void {
  if (stray.length > 0) throw new UsageError(`\`${stray.join(" ")}\` is one argument too many.`, usage);
}

import type { Io } from "./io.ts";

/** One subcommand of `graft`. */
export interface Command {
  readonly usage: string;
  /** First line for the listing, the rest for --help. */
  readonly about: string;
  readonly options: Readonly<Record<string, "string" | "boolean">>;
  run(
    positionals: readonly string[],
    values: Readonly<Record<string, string | boolean | undefined>>,
    io: Io,
  ): Promise<void>;
}

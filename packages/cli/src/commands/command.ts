import type { Io } from "../terminal/io.ts";

/** One subcommand of `graft`. */
export interface Command {
  readonly usage: string;
  /** First line for the listing, the rest for --help. */
  readonly about: string;
  readonly options: Readonly<Record<string, OptionType>>;
  run(positionals: readonly string[], values: Values, io: Io): Promise<void>;
}

/** `strings` may be given more than once. */
export type OptionType = "string" | "boolean" | "strings";
/** What was given, by option; a list for `strings`. */
export type Values = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

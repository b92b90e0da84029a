import type { Io } from "../terminal/io.ts";
import type { Values } from "../terminal/values.ts";

/** One subcommand of `graft`. */
export interface Command {
  readonly usage: string;
  /** The first line is shown by `graft --help`, all lines by `graft <command> --help`. */
  readonly about: string;
  readonly options: Readonly<Record<string, OptionType>>;
  /** Does the work. Any error that it throws is printed, and decides the exit code. */
  run(positionals: readonly string[], values: Values, io: Io): Promise<void>;
}

/** Type of an option. `strings` may be given several times. */
export type OptionType = "string" | "boolean" | "strings";

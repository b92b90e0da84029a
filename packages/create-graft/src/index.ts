import { type ExitCode, type Io, main } from "@graftjs/cli";

/**
 * Writes a new project, as `graft init` does. Errors are written to `terminal.err`.
 *
 * @param argv the arguments of `graft init`: the new folder and its options
 * @returns the exit code for the process
 */
export function create(argv: readonly string[], terminal: Io): Promise<ExitCode> {
  return main(["init", ...argv], terminal);
}

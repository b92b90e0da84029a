import { parseArgs } from "node:util";
import { formatNames, GraftError, nearestNames } from "@graftjs/core";
import type { OptionType } from "./commands/command.ts";
import { commands } from "./commands/index.ts";
import { ownVersion } from "./project/own-version.ts";
import { type ExitCode, exitCodeOf, RunError, UsageError } from "./terminal/errors.ts";
import { printable } from "./terminal/printable.ts";
import type { Io } from "./terminal/io.ts";
import type { Values } from "./terminal/values.ts";

export type { ExitCode } from "./terminal/errors.ts";

/**
 * Runs the `graft` command. Never throws: errors are written to `terminal.err`.
 *
 * @param argv the arguments after the command's name.
 * @returns the exit code for the process.
 */
export async function main(argv: readonly string[], terminal: Io): Promise<ExitCode> {
  const { isTty, cwd, ask } = terminal;
  const io: Io = {
    out: (text) => terminal.out(printable(text)),
    err: (text) => terminal.err(printable(text)),
    draw: (text) => terminal.out(text),
    isTty,
    cwd,
    ...(ask ? { ask } : {}),
  };
  const verbose = argv.includes("--verbose");
  try {
    const [name, ...rest] = argv;
    if (name === undefined || name === "help" || name === "--help" || name === "-h") {
      io.out(help());
      return name === undefined ? 2 : 0;
    }
    if (name === "--version" || name === "-V") {
      io.out(`${ownVersion()}\n`);
      return 0;
    }
    const command = commands[name];
    if (!command) {
      const near = nearestNames(name, Object.keys(commands));
      throw new UsageError(
        `graft has no command \`${name}\`.`,
        near.length > 0
          ? `Did you mean \`graft ${near[0]}\`?`
          : `The commands are ${formatNames(Object.keys(commands))}.`,
      );
    }
    if (rest.includes("--help") || rest.includes("-h")) {
      io.out(`Usage: ${command.usage}\n\n${command.about}\n`);
      return 0;
    }
    const { values, positionals } = parse(name, rest, command.options);
    await command.run(positionals, values, io);
    return 0;
  } catch (error) {
    const origin = error instanceof RunError ? error.cause : error;
    const known = origin instanceof GraftError;
    io.err(
      verbose && origin instanceof Error ? `${origin.stack}\n` : `${known ? "" : "Unexpected: "}${messageOf(origin)}\n`,
    );
    if (!known && !verbose) io.err("Run it again with --verbose to see the stack trace.\n");
    return exitCodeOf(error);
  }
}

function parse(
  name: string,
  args: readonly string[],
  options: Readonly<Record<string, OptionType>>,
): { values: Values; positionals: readonly string[] } {
  const all: Readonly<Record<string, OptionType>> = { ...options, verbose: "boolean" };
  try {
    const config = Object.fromEntries(
      Object.entries(all).map(([key, type]) => [
        key,
        type === "strings" ? { type: "string" as const, multiple: true } : { type },
      ]),
    );
    const { values, positionals } = parseArgs({ args: [...args], options: config, allowPositionals: true });
    return { values: values as Values, positionals };
  } catch (cause) {
    const flags = Object.keys(all).map((key) => `--${key}`);
    throw new UsageError(`graft ${name}: ${(cause as Error).message}`, `Its options are ${formatNames(flags)}.`, {
      cause,
    });
  }
}

function help(): string {
  const lines = Object.entries(commands).map(([name, { about }]) => `  ${name.padEnd(18)} ${about.split("\n")[0]}`);
  return `Fine-tunes TensorFlow.js models as a recipe says. A recipe is a JSON file.

Usage: graft <command> [arguments]

${lines.join("\n")}

\`graft <command> --help\` explains one command, \`graft --version\` prints the version. --verbose adds the stack trace to an error.
Exit codes: 0 done, 1 the run failed, 2 wrong input and nothing done, 130, 143 and 129 stopped by Ctrl-C, SIGTERM and SIGHUP.
`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

#!/usr/bin/env node
import { parseArgs } from "node:util";
import { OptionsError } from "@graftjs/core";
import { codeOf } from "./errors.ts";
import { installNative } from "./install/install.ts";
import { uninstallNative } from "./install/uninstall.ts";

const USAGE = `npx @graftjs/backend-node install [--gpu] [--compile] [--wheel FILE]... [--cache FOLDER] [--skip-own-route] [--json]
npx @graftjs/backend-node uninstall [--gpu] [--cache FOLDER] [--json]
`;
const UNINSTALL = { gpu: { type: "boolean" }, cache: { type: "string" }, json: { type: "boolean" } } as const;
const INSTALL = {
  ...UNINSTALL,
  compile: { type: "boolean" },
  wheel: { type: "string", multiple: true },
  "skip-own-route": { type: "boolean" },
} as const;

/** Runs a command line. Returns the exit status: 0 for success, 1 for failure, 2 if the command line is wrong and nothing was done. */
async function main([command = "", ...args]: readonly string[]): Promise<number> {
  if (command === "--help" || args.includes("--help")) {
    print(USAGE);
    return 0;
  }
  try {
    if (command === "install") await install(args);
    else if (command === "uninstall") uninstall(args);
    else return wrong(command === "" ? "The command is missing." : `Unknown command: ${command}.`);
    return 0;
  } catch (cause) {
    if (codeOf(cause)?.startsWith("ERR_PARSE_ARGS")) return wrong((cause as Error).message);
    process.stderr.write(`${cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)}\n`);
    return cause instanceof OptionsError ? 2 : 1;
  }
}

async function install(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: INSTALL });
  const report = await installNative({
    ...(values.cache === undefined ? {} : { cacheDir: values.cache }),
    device: values.gpu ? "gpu" : "cpu",
    ...(values.compile === undefined ? {} : { compile: values.compile }),
    wheels: values.wheel ?? [],
    ownRoute: !values["skip-own-route"],
    ...(values.json ? {} : { write: print, isTerminal: process.stdout.isTTY ?? false }),
  });
  print(
    values.json
      ? `${JSON.stringify(report, null, 2)}\n`
      : `Ready: TensorFlow ${report.tensorflow} in ${report.seconds} s. To undo: ${report.undo}\n`,
  );
}

function uninstall(args: readonly string[]): void {
  const { values } = parseArgs({ args: [...args], options: UNINSTALL });
  const report = uninstallNative({
    ...(values.cache === undefined ? {} : { cacheDir: values.cache }),
    ...(values.gpu ? { device: "gpu" as const } : {}),
  });
  print(
    values.json
      ? `${JSON.stringify(report, null, 2)}\n`
      : `Removed ${(report.bytes / 1e6).toFixed(0)} MB: ${report.removed.join(", ") || "nothing was installed"}\n`,
  );
}

function wrong(message: string): number {
  process.stderr.write(`${message}\n${USAGE}`);
  return 2;
}

function print(text: string): void {
  process.stdout.write(text);
}

process.exitCode = await main(process.argv.slice(2));

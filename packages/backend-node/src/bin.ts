#!/usr/bin/env node
import { parseArgs } from "node:util";
import { installNative } from "./install/install.ts";
import { uninstallNative } from "./install/uninstall.ts";

const USAGE = `graft-backend-node install [--gpu] [--compile] [--wheel FILE]... [--cache FOLDER] [--skip-own-route] [--json]
graft-backend-node uninstall [--gpu] [--cache FOLDER] [--json]
`;

/** Runs one command line; returns the exit status. */
async function main(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      gpu: { type: "boolean", default: false },
      compile: { type: "boolean" },
      wheel: { type: "string", multiple: true, default: [] },
      cache: { type: "string" },
      "skip-own-route": { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const print = (text: string): void => {
    process.stdout.write(text);
  };
  const where = values.cache === undefined ? {} : { cacheDir: values.cache };
  const [command] = positionals;
  if (command === "install") {
    const report = await installNative({
      ...where,
      device: values.gpu ? "gpu" : "cpu",
      ...(values.compile === undefined ? {} : { compile: values.compile }),
      wheels: values.wheel,
      ownRoute: !values["skip-own-route"],
      ...(values.json ? {} : { write: print, isTerminal: process.stdout.isTTY ?? false }),
    });
    print(
      values.json
        ? `${JSON.stringify(report, null, 2)}\n`
        : `Ready: TensorFlow ${report.tensorflow} in ${report.seconds} s. To undo: ${report.undo}\n`,
    );
    return 0;
  }
  if (command === "uninstall") {
    const report = uninstallNative({ ...where, ...(values.gpu ? { device: "gpu" as const } : {}) });
    print(
      values.json
        ? `${JSON.stringify(report, null, 2)}\n`
        : `Removed ${(report.bytes / 1e6).toFixed(0)} MB: ${report.removed.join(", ") || "nothing was installed"}\n`,
    );
    return 0;
  }
  process.stderr.write(USAGE);
  return values.help ? 0 : 2;
}

main(process.argv.slice(2)).then(
  (status) => {
    process.exitCode = status;
  },
  (cause: unknown) => {
    process.stderr.write(`${cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)}\n`);
    process.exitCode = 1;
  },
);

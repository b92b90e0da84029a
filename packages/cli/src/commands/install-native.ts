import { resolve } from "node:path";
import type * as BackendNode from "@graftjs/backend-node";
import { projectPackage } from "../plugins/project-package.ts";
import { refuseStray } from "./arguments.ts";
import type { Command, Values } from "./command.ts";

const NATIVE = "@graftjs/backend-node";

export const installNative: Command = {
  usage: "graft install-native [--gpu] [--compile] [--wheel file]... [--cache folder] [--skip-own-route] [--json]",
  about:
    "Installs native TensorFlow for the node backend and verifies it.\n" +
    "Writes into a cache folder of its own; safe to repeat and to interrupt. `graft uninstall-native` undoes it.\n" +
    "--wheel takes a file that is here already (with --gpu several, told apart by name), --skip-own-route leaves a\n" +
    "tfjs-node that was never built alone.",
  options: {
    gpu: "boolean",
    compile: "boolean",
    wheel: "strings",
    cache: "string",
    "skip-own-route": "boolean",
    json: "boolean",
  },
  async run(stray, values, { out, cwd, isTty }) {
    refuseStray(installNative.usage, stray);
    const { gpu, compile, wheel = [], json } = values;
    const native = await projectPackage<typeof BackendNode>(NATIVE, cwd);
    const report = await native.installNative({
      ...cacheOf(values, cwd),
      device: gpu === true ? "gpu" : "cpu",
      projectDir: cwd,
      wheels: (wheel as readonly string[]).map((path) => resolve(cwd, path)),
      ownRoute: values["skip-own-route"] !== true,
      undoWith: "graft uninstall-native",
      ...(compile === true ? { compile } : {}),
      ...(json === true ? {} : { write: out, isTerminal: isTty }),
    });
    if (json === true) return out(`${JSON.stringify(report, null, 2)}\n`);
    const { tensorflow, seconds, undo } = report;
    out(`Ready: TensorFlow ${tensorflow} in ${seconds} s. To undo: ${undo}\n`);
  },
};

export const uninstallNative: Command = {
  usage: "graft uninstall-native [--gpu] [--cache folder] [--json]",
  about: "Removes what install-native wrote.",
  options: { gpu: "boolean", cache: "string", json: "boolean" },
  async run(stray, values, { out, cwd }) {
    refuseStray(uninstallNative.usage, stray);
    const { gpu, json } = values;
    const native = await projectPackage<typeof BackendNode>(NATIVE, cwd);
    const { removed, bytes } = native.uninstallNative({
      ...cacheOf(values, cwd),
      ...(gpu === true ? { device: "gpu" as const } : {}),
    });
    if (json === true) return out(`${JSON.stringify({ removed, bytes }, null, 2)}\n`);
    out(
      removed.length === 0
        ? "Nothing was installed.\n"
        : `Removed ${(bytes / 1e6).toFixed(0)} MB: ${removed.join(", ")}\n`,
    );
  },
};

function cacheOf({ cache }: Values, cwd: string): { readonly cacheDir?: string } {
  return cache === undefined ? {} : { cacheDir: resolve(cwd, String(cache)) };
}

import { resolve } from "node:path";
import type * as BackendNode from "@graftjs/backend-node";
import { projectPackage } from "../project/project-package.ts";
import { refuseStray } from "./arguments.ts";
import type { Values } from "../terminal/values.ts";
import type { Command } from "./command.ts";

const NATIVE = "@graftjs/backend-node";

export const installNative: Command = {
  usage: "graft install-native [--gpu] [--compile] [--wheel file]... [--cache folder] [--skip-own-route] [--json]",
  about:
    "Installs native TensorFlow for the node backend and checks that it works.\n" +
    "It writes only to its cache folder, and can be interrupted and repeated. `graft uninstall-native` removes it.\n\n" +
    "--gpu             Installs the CUDA build.\n" +
    "--compile         Compiles the addon instead of using a prebuilt one.\n" +
    "--wheel           Uses a wheel that was downloaded before. With --gpu it can be given several times.\n" +
    "--cache           Folder to install into.\n" +
    "--skip-own-route  Does not use the installed @tensorflow/tfjs-node.\n" +
    "--json            Prints the report as JSON.",
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
  about:
    "Removes the files that `graft install-native` wrote.\n\n" +
    "--gpu    Removes only the CUDA build.\n" +
    "--cache  Folder that it was installed into.\n" +
    "--json   Prints the report as JSON.",
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

import type * as BackendNode from "@graftjs/backend-node";
import type { Command } from "../command.ts";
import { projectPackage } from "../project-package.ts";

const NATIVE = "@graftjs/backend-node";

export const installNative: Command = {
  usage: "graft install-native [--gpu] [--compile] [--cache folder] [--json]",
  about:
    "Installs native TensorFlow for the node backend and verifies it.\n" +
    "Writes into a cache folder of its own; safe to repeat and to interrupt. `graft uninstall-native` undoes it.",
  options: { gpu: "boolean", compile: "boolean", cache: "string", json: "boolean" },
  async run(_positionals, { gpu, compile, cache, json }, { out, cwd, isTty }) {
    const native = await projectPackage<typeof BackendNode>(NATIVE, cwd);
    const report = await native.installNative({
      device: gpu === true ? "gpu" : "cpu",
      projectDir: cwd,
      ...(compile === true ? { compile } : {}),
      ...(cache === undefined ? {} : { cacheDir: String(cache) }),
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
  async run(_positionals, { gpu, cache, json }, { out, cwd }) {
    const native = await projectPackage<typeof BackendNode>(NATIVE, cwd);
    const { removed, bytes } = native.uninstallNative({
      ...(gpu === true ? { device: "gpu" as const } : {}),
      ...(cache === undefined ? {} : { cacheDir: String(cache) }),
    });
    if (json === true) return out(`${JSON.stringify({ removed, bytes }, null, 2)}\n`);
    out(
      removed.length === 0
        ? "Nothing was installed.\n"
        : `Removed ${(bytes / 1e6).toFixed(0)} MB: ${removed.join(", ")}\n`,
    );
  },
};

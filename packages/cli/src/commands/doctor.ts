import { resolve } from "node:path";
import { didYouMean } from "@graftjs/core";
import { formatReports } from "../doctor/format.ts";
import { type Report, runCheck } from "../doctor/run-check.ts";
import { runInChild } from "../doctor/run-in-child.ts";
import { refusal, trustFlags, trustHelp, trustOf } from "../project/trust.ts";
import { loadRegistry } from "../recipe/load-plugins.ts";
import { readRecipeJson } from "../recipe/recipe-file.ts";
import { UsageError } from "../terminal/errors.ts";
import { refuseStray } from "./arguments.ts";
import type { Command } from "./command.ts";

export const doctor: Command = {
  usage: "graft doctor [recipe.json] [--plugin package]... [--only check]... [--cache folder] [--json]",
  about:
    "Checks which backends work on this machine, and says how to fix the others.\n" +
    "A backend works if it is installed, starts, has all kernels that training needs, and computes ten gradients correctly.\n" +
    "Each check runs in a process of its own, so a crash or a hang is only one line of the report.\n\n" +
    "recipe    Also runs the checks of the packages that the recipe names. `graft list recipe.json` lists them.\n" +
    "--plugin  Also runs the checks of this package.\n" +
    "--only    Runs only this check, for example backend-wasm. A single check runs in this process.\n" +
    "--cache   The folder that `graft install-native --cache` was given.\n" +
    "--json    Prints the report as JSON, with every measurement.\n" +
    trustHelp,
  options: { plugin: "strings", only: "strings", cache: "string", json: "boolean", ...trustFlags },
  async run([path, ...stray], values, { out, cwd }) {
    const { plugin = [], only = [], cache, json } = values;
    refuseStray(doctor.usage, stray);
    const file = path === undefined ? undefined : await readRecipeJson(path, cwd);
    // The registry resolves relative paths from the recipe's folder. Those of the command line start from `cwd`.
    const given = (plugin as readonly string[]).map((name) => (name.startsWith(".") ? resolve(cwd, name) : name));
    const { folder = cwd, recipe: { plugins = [] } = {} } = file ?? {};
    const trust = trustOf(values, "folder");
    const refused = plugins.flatMap((name) => refusal(name, folder, trust) ?? []);
    if (refused.length > 0) throw new UsageError("Some of the recipe's plugins may not be loaded.", refused.join("\n"));
    // The person named the others on the command line.
    const registry = await loadRegistry([...plugins, ...given], folder, { paths: "any", firstParty: false });
    const names = registry.list("doctor-check").map(({ name }) => name);
    const selected = only as readonly string[];
    const unknown = selected.find((name) => !names.includes(name));
    if (unknown !== undefined)
      throw new UsageError(`graft doctor has no check \`${unknown}\`.`, didYouMean(unknown, names));
    const cacheDir = cache === undefined ? undefined : resolve(cwd, String(cache));
    const flags = [
      ...(path === undefined ? [] : [path]),
      ...given.flatMap((name) => ["--plugin", name]),
      ...Object.keys(trustFlags).flatMap((flag) => (values[flag] === true ? [`--${flag}`] : [])),
      ...(cacheDir === undefined ? [] : ["--cache", cacheDir]),
    ];
    const inChild = async (name: string): Promise<Report> => {
      const report = await runInChild(["doctor", ...flags, "--only", name, "--json"], cwd);
      return typeof report === "string" ? { name, ok: false, reason: report } : report;
    };
    const inThisProcess = async (name: string): Promise<Report> =>
      runCheck(name, await registry.create("doctor-check", name), { cwd, cacheDir });
    const checks = selected.length > 0 ? selected : names;
    const reports = await Promise.all(checks.map(selected.length === 1 ? inThisProcess : inChild));
    out(json === true ? `${JSON.stringify(reports, null, 2)}\n` : `${formatReports(reports)}\n`);
  },
};

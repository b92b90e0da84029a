import { basename, isAbsolute, relative, resolve } from "node:path";
import { statSync } from "node:fs";
import { picturesProject } from "../init/pictures.ts";
import { pluginProject } from "../init/plugin.ts";
import { type ProjectFiles, writeProject } from "../init/project-files.ts";
import { ownVersion } from "../project/own-version.ts";
import { LOOK } from "../project/trust.ts";
import { loadRegistry } from "../recipe/load-plugins.ts";
import { schemaText } from "../recipe/schema-text.ts";
import { UsageError } from "../terminal/errors.ts";
import type { Io } from "../terminal/io.ts";
import type { Values } from "../terminal/values.ts";
import { refuseStray } from "./arguments.ts";
import type { Command } from "./command.ts";

export const init: Command = {
  usage: "graft init <new folder> (--pictures <folder> [--base <model.json>] | --plugin)",
  about:
    "Writes a project that runs at once.\n\n" +
    "--pictures <folder>  Learns classes of pictures. The folder has one subfolder per class.\n" +
    "--base <model>       Base model for the pictures. Without it, the project uses MobileNetV2 from the npm package nsfwjs.\n" +
    "--plugin             A hook of your own, with its conformance test.\n\n" +
    "Without these options, asks for them in a terminal.",
  options: { pictures: "string", base: "string", plugin: "boolean" },
  async run([folder, ...stray], values, io) {
    refuseStray(init.usage, stray);
    const answers = await answersOf(folder, values, io);
    const path = resolve(io.cwd, answers.folder);
    await writeProject(path, await filesOf(path, answers, io.cwd));
    const steps = answers.pictures === undefined ? ["npm test"] : ["npm run train", "npm run predict -- <picture>"];
    io.out(`Wrote ${answers.folder}. Next:\n\n  cd ${answers.folder}\n  npm install\n  ${steps.join("\n  ")}\n`);
  },
};

interface Answers {
  readonly folder: string;
  /** Folder of pictures as the user gave it. Undefined for a plugin. */
  readonly pictures: string | undefined;
  readonly base: string | undefined;
}

async function answersOf(folder: string | undefined, values: Values, { ask }: Io): Promise<Answers> {
  const problems: string[] = [];
  const given = values.pictures as string | undefined;
  if (given !== undefined && values.plugin === true)
    problems.push("--pictures and --plugin were both given. Give one of them.");
  if (values.base !== undefined && values.plugin === true) problems.push("--base is for projects with --pictures.");
  if (!ask && folder === undefined) problems.push("The name of the new folder is missing.");
  if (!ask && given === undefined && values.plugin !== true)
    problems.push("Neither --pictures <folder> nor --plugin was given.");
  if (problems.length > 0) throw new UsageError("graft init cannot start.", [...problems, init.usage].join("\n"));
  const name = folder ?? (await required(ask, "Name of the new folder: "));
  if (values.plugin === true) return { folder: name, pictures: undefined, base: undefined };
  const kind = given === undefined ? await required(ask, "What should it be: pictures or plugin? ") : "pictures";
  if (!/^(pictures|plugin)$/.test(kind))
    throw new UsageError(`graft init knows no kind \`${kind}\`.`, "Answer `pictures` or `plugin`.");
  if (kind === "plugin") return { folder: name, pictures: undefined, base: undefined };
  const pictures = given ?? (await required(ask, "Folder of the pictures, with one subfolder per class: "));
  return { folder: name, pictures, base: values.base as string | undefined };
}

async function required(ask: Io["ask"], question: string): Promise<string> {
  const answer = (await ask?.(question))?.trim();
  if (answer) return answer;
  throw new UsageError("graft init got no answer.", `Run it again, or give options:\n${init.usage}`);
}

async function filesOf(path: string, { pictures, base }: Answers, cwd: string): Promise<ProjectFiles> {
  const version = `^${ownVersion()}`;
  if (pictures === undefined) return pluginProject(basename(path), version);
  const found = resolve(cwd, pictures);
  if (!statSync(found, { throwIfNoEntry: false })?.isDirectory())
    throw new UsageError(`${pictures} is not a folder.`, `Give the folder of the pictures. It leads to ${found}.`);
  if (base !== undefined && !statSync(resolve(cwd, base), { throwIfNoEntry: false })?.isFile())
    throw new UsageError(`The base model ${base} is not a file.`, "Give the path of a model.json, .keras or .h5 file.");
  const registry = await loadRegistry([], cwd, LOOK);
  return picturesProject({
    folder: basename(path),
    pictures: from(path, found),
    ...(base === undefined ? {} : { base: from(path, resolve(cwd, base)) }),
    version,
    schema: await schemaText(registry),
  });
}

/** Writes a path relative to the project, with slashes. Another drive of Windows has no relative path. */
function from(project: string, path: string): string {
  const way = relative(project, path);
  return isAbsolute(way) ? way : way.replaceAll("\\", "/");
}

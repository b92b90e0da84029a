import { basename, isAbsolute, relative, resolve } from "node:path";
import { type Answers, answersOf } from "../init/answers.ts";
import { picturesProject } from "../init/pictures.ts";
import { pluginProject } from "../init/plugin.ts";
import { type ProjectFiles, writeProject } from "../init/project-files.ts";
import { soundsProject } from "../init/sounds.ts";
import { tableProject } from "../init/table.ts";
import { ownVersion } from "../project/own-version.ts";
import { LOOK } from "../project/trust.ts";
import { loadRegistry } from "../recipe/load-plugins.ts";
import { schemaText } from "../recipe/schema-text.ts";
import { printableName } from "../terminal/printable.ts";
import type { Io } from "../terminal/io.ts";
import { refuseStray } from "./arguments.ts";
import type { Command } from "./command.ts";

export const init: Command = {
  usage:
    "graft init <new folder> (--pictures <folder> | --sounds <folder> | --table <file> [--target <column>] | --plugin) [--base <model.json>]",
  about:
    "Writes a project that runs at once.\n\n" +
    "--pictures <folder>  Learns classes of pictures. The folder has one subfolder per class.\n" +
    "--sounds <folder>    Learns classes of WAV files. The folder has one subfolder per class.\n" +
    "--table <file>       Predicts a column of a .csv, .tsv or .jsonl file.\n" +
    "--target <column>    The column to predict. Without it, the last one.\n" +
    "--base <model>       Base model. Without it, pictures use MobileNetV2 from the npm package nsfwjs, and sounds and tables a\n" +
    "                     small network that has learned nothing yet.\n" +
    "--plugin             A hook of your own, with its conformance test.\n\n" +
    "Without these options, asks for them in a terminal.",
  options: {
    ...{ pictures: "string", sounds: "string", table: "string", target: "string", base: "string" },
    plugin: "boolean",
  },
  async run([folder, ...stray], values, io) {
    refuseStray(init.usage, stray);
    const answers = await answersOf(folder, values, io, init.usage);
    const path = resolve(io.cwd, answers.folder);
    await writeProject(path, await filesOf(path, answers, io));
    const steps = [...STEPS[answers.kind]];
    io.out(`Wrote ${answers.folder}. Next:\n\n  cd ${answers.folder}\n  npm install\n  ${steps.join("\n  ")}\n`);
  },
};

const STEPS: Readonly<Record<Answers["kind"], readonly string[]>> = {
  pictures: ["npm run train", "npm run predict -- <picture>"],
  sounds: ["npm run train", "npm run predict -- <sound.wav>"],
  table: ["npm run train", "npm run predict -- <rows.csv>"],
  plugin: ["npm test"],
};

async function filesOf(path: string, { kind, data, base, target }: Answers, { cwd, out }: Io): Promise<ProjectFiles> {
  const version = `^${ownVersion()}`;
  if (kind === "plugin") return pluginProject(basename(path), version);
  const { assertPlace, columnsOf, lengthOf } = await import("../init/inspect-data.ts");
  const found = resolve(cwd, data);
  assertPlace(found, data, kind === "table" ? "file" : "folder");
  if (base !== undefined) assertPlace(resolve(cwd, base), base, "file");
  const project = {
    folder: basename(path),
    data: from(path, found),
    ...(base === undefined ? {} : { base: from(path, resolve(cwd, base)) }),
    version,
    schema: await schemaText(await loadRegistry([], cwd, LOOK)),
  };
  if (kind === "pictures") return picturesProject(project);
  if (kind === "sounds") {
    const seconds = await lengthOf(found);
    out(`Sounds are cut to ${seconds} s, or padded with silence. Nine of ten are not longer.\n`);
    return soundsProject({ ...project, seconds });
  }
  const { leftOut, ...choice } = await columnsOf(found, target);
  out(`Predicts the column ${printableName(choice.target)}: ${choice.isNumber ? "a number" : "a class"}.\n`);
  if (leftOut.length > 0) out(`Leaves out columns that cannot be inputs: ${leftOut.join(", ")}.\n`);
  return tableProject({ ...project, ...choice });
}

/** Writes a path relative to the project, with slashes. Another drive of Windows has no relative path. */
function from(project: string, path: string): string {
  const way = relative(project, path);
  return isAbsolute(way) ? way : way.replaceAll("\\", "/");
}

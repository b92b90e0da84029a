import { basename, extname, isAbsolute, relative, resolve } from "node:path";
import { statSync } from "node:fs";
import { type Answers, answersOf } from "../init/answers.ts";
import { assertBase, isNamedBase } from "../init/bases.ts";
import { freshPicturesProject } from "../init/fresh-pictures.ts";
import { pageProject } from "../init/page.ts";
import { picturesProject } from "../init/pictures.ts";
import { pluginProject } from "../init/plugin.ts";
import { type ProjectFiles, writeProject } from "../init/project-files.ts";
import { soundsProject } from "../init/sounds.ts";
import { tableProject } from "../init/table.ts";
import { textsProject } from "../init/texts.ts";
import { isAddress } from "../project/download.ts";
import { ownVersion } from "../project/own-version.ts";
import { LOOK } from "../project/trust.ts";
import { loadRegistry } from "../recipe/load-plugins.ts";
import { schemaText } from "../recipe/schema-text.ts";
import { printableName } from "../terminal/printable.ts";
import { UsageError } from "../terminal/errors.ts";
import type { Io } from "../terminal/io.ts";
import { refuseStray } from "./arguments.ts";
import type { Command } from "./command.ts";

export const init: Command = {
  usage:
    "graft init <new folder> (--pictures <folder> | --sounds <folder> | --texts <folder or table> [--column <column>] | --table <file> [--target <column>] | --plugin | --page) [--base <name, path or address>]",
  about:
    "Writes a project that runs at once.\n\n" +
    "--pictures <folder>  Learns classes of pictures. The folder has one subfolder per class.\n" +
    "--sounds <folder>    Learns classes of WAV files. The folder has one subfolder per class.\n" +
    "--texts <folder>     Learns classes of texts: .txt files with one subfolder per class, or two columns of a table.\n" +
    "--column <column>    The column of the texts in a table. Without it, the one with the most different texts.\n" +
    "--table <file>       Predicts a column of a .csv, .tsv or .jsonl file.\n" +
    "--target <column>    The column to predict. Without it, the last one.\n" +
    "--base <model>       Path or address of a base model, or a name. For pictures: mobilenet-v2 (the default, 96 × 96 pixels),\n" +
    "                     mobilenet-v2-224 (finer details, slower), fresh. For the others: fresh, a small network that has\n" +
    "                     learned nothing yet.\n" +
    "--plugin             A hook of your own, with its conformance test.\n" +
    "--page               A web page whose Worker trains a model, built by Vite.\n\n" +
    "Without these options, asks for them in a terminal.",
  options: {
    ...{ pictures: "string", sounds: "string", texts: "string", table: "string" },
    ...{ target: "string", column: "string", base: "string" },
    ...{ plugin: "boolean", page: "boolean" },
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
  texts: ["npm run train", "npm run predict -- <text.txt>"],
  plugin: ["npm test"],
  page: ["npm start"],
};

/** Endings of the pictures that the data source `images` reads. */
const PICTURES = [".png", ".jpg", ".jpeg", ".webp"];

async function filesOf(path: string, answers: Answers, { cwd, out }: Io): Promise<ProjectFiles> {
  const version = `^${ownVersion()}`;
  const { kind, data, base, target, column } = answers;
  if (kind === "plugin") return pluginProject(basename(path), version);
  if (kind === "page") return pageProject(basename(path), version);
  const { assertClasses, assertPlace, columnsOf, lengthOf, textColumnsOf } = await import("../init/inspect-data.ts");
  const found = resolve(cwd, data);
  const isTable = kind === "table" || (kind === "texts" && extname(found) !== "");
  assertPlace(found, data, isTable ? "file" : "folder");
  if (base !== undefined)
    assertBase(kind, base, statSync(resolve(cwd, base), { throwIfNoEntry: false })?.isFile() === true);
  const named = base === undefined || isNamedBase(kind, base);
  const project = {
    folder: basename(path),
    data: from(path, found),
    ...(named ? {} : { base: isAddress(base) ? base : from(path, resolve(cwd, base)) }),
    version,
    schema: await schemaText(await loadRegistry([], cwd, LOOK)),
  };
  if (kind === "pictures") {
    await assertClasses(found, PICTURES);
    if (base === "fresh") return freshPicturesProject(project);
    return picturesProject(project, base === "mobilenet-v2-224" ? 224 : 96);
  }
  if (kind === "sounds") {
    const seconds = await lengthOf(found);
    out(`Sounds are cut to ${seconds} s, or padded with silence. Nine of ten are not longer.\n`);
    return soundsProject({ ...project, seconds });
  }
  if (kind === "texts") {
    if (!isTable && (target ?? column) !== undefined)
      throw new UsageError("--target and --column are for tables.", "Leave them out for a folder of .txt files.");
    const columns = isTable ? await textColumnsOf(found, column, target) : undefined;
    if (columns)
      out(`Learns the column ${printableName(columns.target)} from the texts in ${printableName(columns.column)}.\n`);
    return textsProject({ ...project, columns });
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

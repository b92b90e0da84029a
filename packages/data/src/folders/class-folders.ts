import type { Dirent } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { basename, extname, join, relative, sep } from "node:path";
import { DataFilesError, problemsError, shown } from "../data-files-error.ts";

/** One file of a folder with a subfolder for each class. */
export interface ClassFile {
  readonly path: string;
  /** Path within the folder, with `/` on every system. */
  readonly name: string;
  /** Position of its class in `classes`. */
  readonly label: number;
}

/** The files of a folder with a subfolder for each class. */
export interface ClassFolders {
  /** Names of the subfolders, sorted by name. */
  readonly classes: readonly string[];
  /** Sorted by class, then by name. */
  readonly files: readonly ClassFile[];
}

/**
 * Names the classes of a folder: its subfolders, sorted by name. Names that begin with a dot are left out.
 *
 * @throws DataFilesError if the folder cannot be read or has no subfolders
 */
export async function classNames(folder: string): Promise<readonly string[]> {
  return (await classEntries(folder)).map(({ name }) => name.normalize("NFC"));
}

/**
 * Lists the files of each class, also those in folders below the class's own folder.
 *
 * @param extensions endings of the files to list, in lower case. Other files are left out.
 * @throws DataFilesError with every class that has no files and every link that leaves the folder
 */
export async function classFolders(folder: string, extensions: readonly string[]): Promise<ClassFolders> {
  const entries = await classEntries(folder);
  const root = await realpath(folder);
  const problems: string[] = [];
  const files: ClassFile[] = [];
  for (const [label, { name }] of entries.entries()) {
    const found = await filesBelow(join(folder, name), root, extensions, problems);
    if (found.length === 0) problems.push(`The class ${shown(name)} has no ${extensions.join(", ")} files.`);
    files.push(...found.map((path) => ({ path, name: relative(folder, path).split(sep).join("/"), label })));
  }
  if (problems.length > 0)
    throw problemsError(`The folder ${shown(folder)} cannot be used as classes.`, [
      ...problems,
      "Fill or remove empty folders, and copy files from outside into the folder.",
    ]);
  return { classes: entries.map(({ name }) => name.normalize("NFC")), files };
}

/**
 * Lists the files of a folder and of the folders below it, sorted by name.
 *
 * @throws DataFilesError if a link leaves the folder
 */
export async function filesIn(folder: string, extensions: readonly string[]): Promise<readonly string[]> {
  const problems: string[] = [];
  const found = await filesBelow(folder, await realpath(folder), extensions, problems);
  if (problems.length > 0) throw problemsError(`The folder ${shown(folder)} cannot be used.`, problems);
  return found;
}

async function classEntries(folder: string): Promise<readonly Dirent[]> {
  const entries = await entriesOf(folder);
  const folders = entries.filter((entry) => entry.isDirectory());
  const linked: string[] = [];
  for (const entry of entries)
    if (entry.isSymbolicLink() && (await isFolder(join(folder, entry.name)))) linked.push(entry.name);
  if (linked.length > 0)
    throw new DataFilesError(
      `The folder ${shown(folder)} has links to folders: ${linked.map(shown).join(", ")}.`,
      "Links to folders are not followed. Copy the folders, or remove the links.",
    );
  if (folders.length > 0) return folders;
  throw new DataFilesError(
    `The folder ${shown(folder)} has no subfolders.`,
    "Make one subfolder for each class and put the files of the class into it: pictures/cat/1.jpg, pictures/dog/1.jpg.",
  );
}

async function filesBelow(
  folder: string,
  root: string,
  extensions: readonly string[],
  problems: string[],
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const entry of await entriesOf(folder)) {
    const path = join(folder, entry.name);
    if (entry.isSymbolicLink() && !(await liesIn(path, root))) {
      problems.push(`${shown(path)} is a link to a place outside the folder.`);
    } else if (entry.isDirectory()) {
      found.push(...(await filesBelow(path, root, extensions, problems)));
    } else if (extensions.includes(extname(entry.name).toLowerCase())) {
      found.push(path);
    }
  }
  return found;
}

/** Lists a folder, sorted by name. Hidden files, such as `.DS_Store`, are left out. */
async function entriesOf(folder: string): Promise<readonly Dirent[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: NodeJS.ErrnoException) => {
    const reason = REASONS[cause.code ?? ""] ?? cause.message;
    throw new DataFilesError(`The folder ${shown(folder)} cannot be read: ${reason}.`, "Check the path.", { cause });
  });
  return entries
    .filter(({ name }) => !basename(name).startsWith("."))
    .sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "it does not exist",
  ENOTDIR: "it is a file",
  EACCES: "permission denied",
  EPERM: "permission denied",
};

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** Tells whether a link leads to a file in `root`. A link to a folder counts as outside: it could lead to a folder above itself. */
async function liesIn(path: string, root: string): Promise<boolean> {
  const target = await realpath(path).catch(() => undefined);
  return target?.startsWith(`${root}${sep}`) === true && !(await isFolder(target));
}

import { UsageError } from "../terminal/errors.ts";
import { baseQuestion } from "./bases.ts";
import type { Io } from "../terminal/io.ts";
import type { Values } from "../terminal/values.ts";

/** Kinds of data that a project learns from. Each is an option whose value is the place of the data. */
export const DATA_KINDS = ["pictures", "sounds", "texts", "table"] as const;

export type DataKind = (typeof DATA_KINDS)[number];

/** Kinds of projects without data of the user's own. Each is a flag. */
export const CODE_KINDS = ["plugin", "page"] as const;

/** The choices of the user, from the command line and from answers in a terminal. */
export interface Answers {
  readonly folder: string;
  readonly kind: DataKind | (typeof CODE_KINDS)[number];
  /** Folder or file of the data, as the user gave it. Empty for a plugin and for a page. */
  readonly data: string;
  /** Base model as the user gave it: a name of `BASES`, a path or an address. Undefined means the default. */
  readonly base: string | undefined;
  /** Column to predict. Undefined means the last one. */
  readonly target: string | undefined;
  /** Column of the texts in a table. Undefined means the one with the most different texts. */
  readonly column: string | undefined;
}

const QUESTIONS: Readonly<Record<DataKind, string>> = {
  pictures: "Folder of the pictures, with one subfolder per class: ",
  sounds: "Folder of the WAV files, with one subfolder per class: ",
  texts: "Folder of the .txt files, with one subfolder per class, or a table with a column of texts: ",
  table: "Table (.csv, .tsv or .jsonl): ",
};

/**
 * Reads the options of `graft init`, and asks for the missing ones if somebody can answer.
 *
 * @throws UsageError with every problem
 */
export async function answersOf(
  folder: string | undefined,
  values: Values,
  { ask }: Io,
  usage: string,
): Promise<Answers> {
  const given: readonly string[] = [
    ...DATA_KINDS.filter((kind) => values[kind] !== undefined),
    ...CODE_KINDS.filter((kind) => values[kind] === true),
  ];
  const problems: string[] = [];
  if (given.length > 1)
    problems.push(`${given.map((name) => `--${name}`).join(" and ")} were given together. Give one of them.`);
  if (values.base !== undefined && CODE_KINDS.some((kind) => values[kind] === true))
    problems.push("--base is for projects that learn from data.");
  if (values.target !== undefined && given.length > 0 && !given.includes("table") && !given.includes("texts"))
    problems.push("--target is for projects with --table or --texts.");
  if (values.column !== undefined && given.length > 0 && !given.includes("texts"))
    problems.push("--column is for projects with --texts.");
  if (!ask && folder === undefined) problems.push("The name of the new folder is missing.");
  if (!ask && given.length === 0)
    problems.push(
      "None of --pictures <folder>, --sounds <folder>, --texts <folder or table>, --table <file>, --plugin and --page was given.",
    );
  if (problems.length > 0) throw new UsageError("graft init cannot start.", [...problems, usage].join("\n"));
  const required = async (question: string): Promise<string> => {
    const answer = (await ask?.(question))?.trim();
    if (answer) return answer;
    throw new UsageError("graft init got no answer.", `Run it again, or give options:\n${usage}`);
  };
  const name = folder ?? (await required("Name of the new folder: "));
  const kind = given[0] ?? (await required("What should it be: pictures, sounds, texts, table, plugin or page? "));
  const codeKind = CODE_KINDS.find((known) => known === kind);
  if (codeKind)
    return { folder: name, kind: codeKind, data: "", base: undefined, target: undefined, column: undefined };
  const dataKind = DATA_KINDS.find((known) => known === kind);
  if (!dataKind)
    throw new UsageError(
      `graft init knows no kind \`${kind}\`.`,
      "Answer `pictures`, `sounds`, `texts`, `table`, `plugin` or `page`.",
    );
  const data = (values[dataKind] as string | undefined) ?? (await required(QUESTIONS[dataKind]));
  // Somebody who has named the kind by an option has read the options, and gets the default base.
  const asked = given.length === 0 && values.base === undefined ? await ask?.(baseQuestion(dataKind)) : undefined;
  return {
    ...{ folder: name, kind: dataKind, data },
    base: (values.base as string | undefined) ?? (asked?.trim() || undefined),
    target: values.target as string | undefined,
    column: values.column as string | undefined,
  };
}

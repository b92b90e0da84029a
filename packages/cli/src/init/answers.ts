import { UsageError } from "../terminal/errors.ts";
import type { Io } from "../terminal/io.ts";
import type { Values } from "../terminal/values.ts";

/** Kinds of data that a project learns from. Each is an option whose value is the place of the data. */
export const DATA_KINDS = ["pictures", "sounds", "table"] as const;

export type DataKind = (typeof DATA_KINDS)[number];

/** The choices of the user, from the command line and from answers in a terminal. */
export interface Answers {
  readonly folder: string;
  readonly kind: DataKind | "plugin";
  /** Folder or file of the data, as the user gave it. Empty for a plugin. */
  readonly data: string;
  /** Path of a base model, as the user gave it. */
  readonly base: string | undefined;
  /** Column to predict. Undefined means the last one. */
  readonly target: string | undefined;
}

const QUESTIONS: Readonly<Record<DataKind, string>> = {
  pictures: "Folder of the pictures, with one subfolder per class: ",
  sounds: "Folder of the WAV files, with one subfolder per class: ",
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
  const given = [
    ...DATA_KINDS.filter((kind) => values[kind] !== undefined),
    ...(values.plugin === true ? ["plugin"] : []),
  ];
  const problems: string[] = [];
  if (given.length > 1)
    problems.push(`${given.map((name) => `--${name}`).join(" and ")} were given together. Give one of them.`);
  if (values.base !== undefined && values.plugin === true)
    problems.push("--base is for projects that learn from data.");
  if (values.target !== undefined && given.length > 0 && !given.includes("table"))
    problems.push("--target is for projects with --table.");
  if (!ask && folder === undefined) problems.push("The name of the new folder is missing.");
  if (!ask && given.length === 0)
    problems.push("None of --pictures <folder>, --sounds <folder>, --table <file> and --plugin was given.");
  if (problems.length > 0) throw new UsageError("graft init cannot start.", [...problems, usage].join("\n"));
  const required = async (question: string): Promise<string> => {
    const answer = (await ask?.(question))?.trim();
    if (answer) return answer;
    throw new UsageError("graft init got no answer.", `Run it again, or give options:\n${usage}`);
  };
  const name = folder ?? (await required("Name of the new folder: "));
  const kind = given[0] ?? (await required("What should it be: pictures, sounds, table or plugin? "));
  if (kind === "plugin") return { folder: name, kind, data: "", base: undefined, target: undefined };
  const dataKind = DATA_KINDS.find((known) => known === kind);
  if (!dataKind)
    throw new UsageError(`graft init knows no kind \`${kind}\`.`, "Answer `pictures`, `sounds`, `table` or `plugin`.");
  const data = (values[dataKind] as string | undefined) ?? (await required(QUESTIONS[dataKind]));
  return {
    ...{ folder: name, kind: dataKind, data },
    base: values.base as string | undefined,
    target: values.target as string | undefined,
  };
}

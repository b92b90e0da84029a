import { stat } from "node:fs/promises";
import { relative, resolve } from "node:path";
import { filesIn, readInParallel } from "@graftjs/data";
import type { InputReader, InputReaderUse } from "@graftjs/tuner";
import { reasonOf } from "../project/files.ts";
import { projectPackage } from "../project/project-package.ts";
import { LOOK } from "../project/trust.ts";
import { loadRegistry } from "../recipe/load-plugins.ts";
import { UsageError } from "../terminal/errors.ts";
import { printableName } from "../terminal/printable.ts";
import type { TunedModel } from "./tuned-model.ts";

/**
 * Makes the reader that turns files into inputs as in training.
 *
 * @param given a reader as JSON from the command line. @default the one that is stored with the model
 * @throws UsageError if the model has none, or if it does not fit the model's input
 */
export async function readerOf(
  { card, inputs }: TunedModel,
  given: string | undefined,
  cwd: string,
): Promise<InputReader> {
  const use = given === undefined ? card.reader : parsedReader(given);
  if (!use)
    throw new UsageError(
      "The model does not say how its inputs are made from files.",
      `Models that \`graft run\` saves do. For another model, say it: --reader '${EXAMPLE}'.`,
    );
  const reader = await (await loadRegistry([], cwd, LOOK)).create("input-reader", use);
  const [input] = inputs;
  const [, ...sides] = input?.shape ?? [];
  const fits =
    sides.length === reader.shape.length && sides.every((side, i) => side === null || side === reader.shape[i]);
  if (inputs.length === 1 && fits) return reader;
  throw new UsageError(
    `The reader \`${printableName(use.use)}\` makes inputs of [${reader.shape.join(", ")}], but the model takes ${inputs
      .map(
        ({ shape }) =>
          `[${shape
            .slice(1)
            .map((side) => side ?? "any")
            .join(", ")}]`,
      )
      .join(" and ")}.`,
    `Give a reader that fits: --reader '${EXAMPLE}'.`,
  );
}

const EXAMPLE = '{ "use": "image", "with": { "size": [224, 224], "range": [-1, 1] } }';

/** Reads the option `--reader`. @throws UsageError if it is not a reader in JSON */
export function parsedReader(text: string): InputReaderUse {
  try {
    const json = JSON.parse(text) as InputReaderUse;
    if (typeof json?.use === "string") return json;
  } catch {
    // Reported below.
  }
  throw new UsageError(`--reader is not a reader in JSON: ${text}`, `--reader '${EXAMPLE}'`);
}

/** Lists files, and the files of folders with the reader's endings. @throws UsageError if a path does not exist */
export async function expand(given: readonly string[], cwd: string, extensions: readonly string[]): Promise<string[]> {
  const paths: string[] = [];
  for (const name of given) {
    const path = resolve(cwd, name);
    const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
      throw new UsageError(`${path} cannot be read: ${reasonOf(cause)}.`, "Check the path.", { cause });
    });
    const files = found.isDirectory() ? await filesIn(path, extensions) : [path];
    if (files.length === 0)
      throw new UsageError(
        `The folder ${path} has no ${extensions.join(", ")} files.`,
        "Name files, or another folder.",
      );
    paths.push(...files);
  }
  return paths;
}

/** A file that was read, or the reason why it cannot be used. */
export type ReadInput = { readonly path: string } & ({ readonly values: Float32Array } | { readonly reason: string });

/** Reads files as inputs of a model, several at a time. */
export async function readInputs(paths: readonly string[], reader: InputReader, cwd: string): Promise<ReadInput[]> {
  const results = await readInParallel(paths, (path) => reader.read(path, (name) => projectPackage(name, cwd)));
  return results.map((result, i) => {
    const path = paths[i] as string;
    return typeof result === "string" ? { path, reason: result } : { path, values: result };
  });
}

/** Shows a path relative to the folder that the person works in. */
export function shownPath(path: string, cwd: string): string {
  const short = relative(cwd, path);
  return printableName(short.startsWith("..") ? path : short);
}

import { open, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { dataUse } from "../data/read-data.ts";
import { isPackageName, realPath } from "../project/trust.ts";
import { destinationOf } from "../recipe/anchored.ts";
import { modelPath } from "../recipe/model-path.ts";
import type { RecipeFile } from "../recipe/recipe-file.ts";
import { UsageError } from "../terminal/errors.ts";
import { modelFiles } from "./model-files.ts";
import type { ResultPlace } from "./result-place.ts";

/** A file or folder that a run writes. */
interface Place {
  /** How a message names it, for example `--out`. */
  readonly what: string;
  readonly path: string;
  /** Tells from its first bytes whether an existing file may be replaced. Undefined if the place is a folder, or a file of any form. */
  readonly ours?: (start: string) => boolean;
}

/** The first characters of the files that Graft's observers write. */
const FORMS: Readonly<Record<string, (start: string) => boolean>> = {
  csv: (start) => start.startsWith("epoch,step,seconds"),
  jsonl: (start) => start.startsWith('{"event":'),
  drift: (start) => start.startsWith("{"),
  "html-report": (start) => start.startsWith("<!doctype html>"),
};

/** Tells whether a file begins like a delta: a safetensors file whose metadata name the format. */
export const isDelta = (start: string): boolean => start.slice(8).startsWith('{"__metadata__":{"format":"graft-delta-');

/** Tells whether a file begins like a model that a run has saved: its card comes first. */
const isTunedModel = (start: string): boolean => start.startsWith('{"userDefinedMetadata":{"graft":');

/**
 * Checks, before a run, that it will not overwrite the recipe, the model, the data, its code, or a file that Graft has not written.
 *
 * @param checkpoint absolute path of the folder of checkpoints.
 * @throws UsageError with every problem. Nothing was written.
 */
export async function assertPlaces(
  file: RecipeFile,
  { delta, model }: ResultPlace,
  checkpoint: string | undefined,
): Promise<void> {
  const inputs = await inputsOf(file);
  const places: Place[] = [
    { what: "the delta (`output` or --out)", path: delta, ours: isDelta },
    ...(model === undefined
      ? []
      : [
          { what: "the tuned model (`output` or --out)", path: model },
          { what: "the tuned model (`output` or --out)", path: join(model, "model.json"), ours: isTunedModel },
        ]),
    ...(checkpoint === undefined ? [] : [{ what: "the folder of checkpoints", path: checkpoint }]),
    ...cacheOf(file),
    ...observersOf(file),
  ];
  const problems: string[] = [];
  for (const place of places) problems.push(...(await problemsOf(place, inputs)));
  const paths = places.map(({ path }) => realPath(path));
  paths.forEach((path, i) => {
    if (paths.indexOf(path) < i) problems.push(`${path} is written twice. Give each result a path of its own.`);
  });
  if (problems.length > 0)
    throw new UsageError("The run would overwrite files that are not its own.", problems.join("\n"));
}

/**
 * Checks that a command may write its result to `target`.
 *
 * @param ours tells from its first bytes whether an existing file may be replaced. @default deltas may
 * @throws UsageError
 */
export async function assertReplaceable(
  target: string,
  inputs: readonly string[],
  ours: (start: string) => boolean = isDelta,
): Promise<void> {
  const named = new Map(inputs.map((path) => [realPath(path), "one of the files that are read"]));
  const problems = await problemsOf({ what: "the result (--out)", path: target, ours }, named);
  if (problems.length > 0) throw new UsageError("The result would overwrite another file.", problems.join("\n"));
}

/**
 * Checks that a command may write a model to `folder`.
 *
 * @throws UsageError if the folder has a model.json that Graft has not written. The weights of Graft's own models are in a file that is
 *   named after its content.
 */
export async function assertModelReplaceable(folder: string): Promise<void> {
  const path = join(folder, "model.json");
  const [, ...weights] = await modelFiles(path);
  const found = await stat(path).catch(() => undefined);
  if (!found || (weights.length > 0 && weights.every((file) => /^weights-[0-9a-f]{16}\.bin$/.test(basename(file)))))
    return;
  throw new UsageError(
    `${path} is a model that Graft has not written.`,
    "Give --out another folder. The model there would be replaced.",
  );
}

async function problemsOf({ what, path, ours }: Place, inputs: ReadonlyMap<string, string>): Promise<string[]> {
  const real = realPath(path);
  const input = inputs.get(real);
  if (input !== undefined) return [`${what} would be written to ${path}, which is ${input}. Give another path.`];
  const found = await stat(real).catch(() => undefined);
  if (!found || (!ours && found.isDirectory())) return [];
  if (ours && found.isDirectory())
    return [`${what} would be written to ${path}, which is a folder. Give the path of a file.`];
  if (!ours && !found.isDirectory()) return [`${what} is ${path}, which is a file. Give another path.`];
  if (found.size === 0 || ours?.(await startOf(real))) return [];
  return [`${what} would replace ${path}, which Graft has not written. Move that file, or give another path.`];
}

/** Returns the files that the run reads, each with the words that a message uses. */
async function inputsOf({ path, folder, recipe, run }: RecipeFile): Promise<ReadonlyMap<string, string>> {
  const inputs = new Map<string, string>();
  const add = (file: string, what: string): void => void inputs.set(realPath(resolve(folder, file)), what);
  for (const name of recipe.plugins ?? []) if (!isPackageName(name)) add(name, "a plugin of the recipe");
  const data = dataUse(run.data);
  const from = typeof data === "string" ? undefined : (data.with as { path?: unknown } | undefined)?.path;
  if (typeof from === "string") add(from, "the data of the recipe");
  for (const file of await modelFiles(resolve(folder, modelPath(run.model)))) add(file, "a file of the base model");
  add(path, "the recipe");
  return inputs;
}

function cacheOf({ folder, run }: RecipeFile): Place[] {
  const { store } = ((run.cache ?? {}) as { store?: unknown }) ?? {};
  return typeof store === "string" ? [{ what: "the cache", path: resolve(folder, store) }] : [];
}

function observersOf({ folder, recipe }: RecipeFile): Place[] {
  const observers: readonly unknown[] = Array.isArray(recipe.observers) ? recipe.observers : [];
  return observers.flatMap((use) => {
    const to = destinationOf(use);
    if (to === undefined) return [];
    const name = String((use as { use?: unknown }).use);
    const ours = FORMS[name];
    return [{ what: `the observer \`${name}\``, path: resolve(folder, to), ...(ours ? { ours } : {}) }];
  });
}

async function startOf(path: string): Promise<string> {
  const file = await open(path, "r");
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(256), 0, 256, 0);
    return buffer.toString("latin1", 0, bytesRead);
  } finally {
    await file.close();
  }
}

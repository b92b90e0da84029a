import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { RecipeError } from "@graftjs/core";
import type { Recipe } from "@graftjs/registry";
import { reasonOf } from "../project/files.ts";
import { LOOK, type Trust } from "../project/trust.ts";
import { UsageError } from "../terminal/errors.ts";
import { assertEffort, completed } from "./effort.ts";
import { plainJson } from "./plain-json.ts";
import { resolveAll } from "./resolve-all.ts";
import { type RunSection, readRunSection } from "./run-section.ts";

/** The JSON of a recipe, whose contents have not been checked. */
export interface RecipeJson {
  readonly path: string;
  /** The file's folder. Relative paths in the recipe start from it. */
  readonly folder: string;
  readonly recipe: Recipe;
  /** The code that the recipe may name. */
  readonly trust: Trust;
}

/** A recipe whose `run` section has been checked. */
export interface RecipeFile extends RecipeJson {
  readonly run: RunSection;
}

/**
 * Reads a recipe for a command that does not need its `run` section.
 *
 * @param given the path from the command line; a relative one starts from `cwd`.
 * @throws UsageError if the file cannot be read or is not JSON, with line and column
 */
export async function readRecipeJson(given: string, cwd: string, trust: Trust = LOOK): Promise<RecipeJson> {
  const path = resolve(cwd, given);
  return { path, folder: dirname(path), recipe: parseRecipe(given, await readText(given, path)), trust };
}

/**
 * Reads a recipe and checks its `run` section.
 *
 * @param given the path from the command line; a relative one starts from `cwd`.
 * @throws UsageError as {@link readRecipeJson}
 * @throws RecipeError if `run` has problems. The error lists them together with the problems of all other keys.
 */
export async function readRecipe(given: string, cwd: string, trust: Trust): Promise<RecipeFile> {
  const json = await readRecipeJson(given, cwd, trust);
  const { recipe, folder } = json;
  try {
    assertEffort(recipe);
    return { ...json, run: await readRunSection(completed(recipe).run) };
  } catch (error) {
    if (!(error instanceof RecipeError)) throw error;
    const ofRun = error.hint.split("\n").map((line) => `run: ${line}`);
    // Without the section the model is not known, so selectors are not checked. Everything else is. The recipe is invalid already, so
    // no code by path runs for it.
    const { problems } = await resolveAll(recipe, folder, trust, ofRun);
    if (problems.length === 0) throw error;
    const all = [...problems, ...ofRun];
    throw new RecipeError(`The recipe has ${all.length} problem(s).`, all.join("\n"));
  }
}

function readText(given: string, path: string): Promise<string> {
  return readFile(path, "utf8").catch((cause: NodeJS.ErrnoException) => {
    throw new UsageError(
      `The recipe ${given} cannot be read: ${reasonOf(cause)}.`,
      `Check the path. It leads to ${path}.`,
      { cause },
    );
  });
}

function parseRecipe(given: string, text: string): Recipe {
  let json: unknown;
  // Editors of some systems write a byte order mark, which JSON.parse refuses.
  const plain = text.replace(/^\ufeff/, "");
  try {
    json = JSON.parse(given.endsWith(".jsonc") ? plainJson(plain) : plain);
  } catch (cause) {
    const { message } = cause as Error;
    const comments = !given.endsWith(".jsonc") && isJson(plainJson(plain));
    const fix = comments
      ? "\nIt has comments or trailing commas. Remove them, or give the file the ending .jsonc."
      : "";
    throw new UsageError(`The recipe ${given} is not JSON.`, `${message}${positionIn(plain, message)}${fix}`, {
      cause,
    });
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new UsageError(
      `The recipe ${given} is not a JSON object.`,
      'A recipe has the form { "plugins": [...], "rule": ... }.',
    );
  }
  if ("modelTopology" in json)
    throw new UsageError(
      `${given} is a model, and this command takes a recipe.`,
      `A recipe names the model: "run": { "model": ${JSON.stringify(given)}, ... }. \`graft init\` writes one.`,
    );
  const wrong = LISTS.filter((key) => key in json && !Array.isArray((json as Recipe)[key]));
  if (wrong.length > 0)
    throw new RecipeError(
      `The recipe has ${wrong.length} problem(s).`,
      wrong.map((key) => `${key} is not a list. Put it into brackets.`).join("\n"),
    );
  return json as Recipe;
}

/** Keys of a recipe whose items are read before the whole recipe is checked. */
const LISTS = ["plugins", "hooks", "patches", "rateMultipliers"];

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Older versions of Node give the position of a JSON error only as a number of characters. Returns line and column. */
function positionIn(text: string, message: string): string {
  const at = Number(/position (\d+)/.exec(message)?.[1]);
  if (Number.isNaN(at) || /line \d+/.test(message)) return "";
  const before = text.slice(0, at).split("\n");
  return ` (line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1})`;
}

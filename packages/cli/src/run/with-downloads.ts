import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { basename, extname, join } from "node:path";
import type { Use } from "@graftjs/registry";
import { download, isAddress } from "../project/download.ts";
import { modelPath } from "../recipe/model-path.ts";
import type { RecipeFile } from "../recipe/recipe-file.ts";
import { UsageError } from "../terminal/errors.ts";
import { modelFiles } from "./model-files.ts";

/** Folder beside the recipe that keeps downloaded files. */
const KEPT = ".graft/downloads";
/** Files of weights lie beside the model's file, or below it. */
const BELOW = /^[\w.@-]+(\/[\w.@-]+)*$/;

/**
 * Downloads the model and the data that a recipe names by address, once. Later runs take the kept files, without a network. A recipe
 * without addresses is returned as it is.
 *
 * @param note writes a message for the person.
 * @throws UsageError if a file cannot be downloaded, if the address is that of code, or if the recipe is not trusted
 */
export async function withDownloads(file: RecipeFile, note: (text: string) => void): Promise<RecipeFile> {
  const { model, data } = file.run;
  const source = sourceOf(data);
  const addresses = [modelPath(model), source].filter(isAddress);
  if (addresses.length === 0) return file;
  if (file.trust.firstParty)
    throw new UsageError(
      `The recipe names ${addresses.join(" and ")}, and --untrusted downloads nothing.`,
      "Download the files yourself, and write their paths into the recipe. Or leave --untrusted out.",
    );
  const place = await fetched(modelPath(model), file.folder, note);
  if (isAddress(modelPath(model)))
    for (const path of (await modelFiles(place)).slice(1)) {
      const name = path.slice(join(place, "..").length + 1).replaceAll("\\", "/");
      if (!BELOW.test(name) || name.includes(".."))
        throw new UsageError(
          `The model names the file ${name}.`,
          "Its weights must lie beside it. Download it yourself.",
        );
      if (!existsSync(path)) await download(new URL(name, modelPath(model)).href, path);
    }
  if (isAddress(source) && [".js", ".mjs", ".ts"].includes(extname(new URL(source).pathname)))
    throw new UsageError(`The data ${source} are code.`, "Code is not loaded from the web. Download it, and read it.");
  const read = source === undefined ? "" : await fetched(source, file.folder, note);
  const run = {
    ...file.run,
    model: typeof model === "string" ? place : { ...model, path: place },
    data: source === undefined ? data : withSource(data, read),
  };
  return { ...file, run };
}

/** Returns the path or address of data, if they have one. */
function sourceOf(data: Use): string | undefined {
  if (typeof data === "string") return data;
  const { path } = (data.with ?? {}) as { path?: unknown };
  return typeof path === "string" ? path : undefined;
}

function withSource(data: Use, path: string): Use {
  if (typeof data === "string") return path;
  return { ...data, with: { ...(data.with as object), path } };
}

/** Returns a path as it is, and for an address the path of its kept file. */
async function fetched(given: string, folder: string, note: (text: string) => void): Promise<string> {
  if (!isAddress(given)) return given;
  const name = basename(new URL(given).pathname) || "file";
  const path = join(folder, KEPT, createHash("sha256").update(given).digest("hex").slice(0, 16), name);
  if (!existsSync(path)) {
    await download(given, path);
    note(`Downloaded ${given} to ${path}. Delete that file to download it again.\n`);
  }
  return path;
}

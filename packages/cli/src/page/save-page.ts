import { copyFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { ImageOptions } from "@graftjs/data";
import { type InputReaderUse, type ModelCard, saveModel, writeFileAtomic } from "@graftjs/tuner";
import { completed, readerOfBase } from "../model/base-reader.ts";
import { inputsOf } from "../model/inputs-of.ts";
import { type RecipeModel, titleOf } from "../model/recipe-model.ts";
import { assertWritable } from "../project/files.ts";
import { packagePath } from "../project/project-package.ts";
import { UsageError } from "../terminal/errors.ts";
import { pageHtml } from "./page-html.ts";

/** A model for a page, and the facts that are stored with it. */
export interface PageModel {
  readonly model: RecipeModel;
  readonly card: ModelCard | undefined;
  /** Absolute path of the base model's file. */
  readonly base: string;
  /** How pictures become inputs, from the command line. It goes before the one that is stored with the model. */
  readonly reader: InputReaderUse | undefined;
}

/** The page's own files, which are beside the command's code. */
const OWN = ["page.css", "pixels.js", "page.js"];

/** Packages of tfjs, each with the files that the page loads. Scripts run in this order. */
const TFJS: Readonly<Record<string, readonly string[]>> = {
  "@tensorflow/tfjs-core": ["tf-core.min.js"],
  "@tensorflow/tfjs-backend-cpu": ["tf-backend-cpu.min.js"],
  "@tensorflow/tfjs-backend-wasm": ["tf-backend-wasm.min.js", "tfjs-backend-wasm.wasm", "tfjs-backend-wasm-simd.wasm"],
};

/**
 * Writes a static page that classifies pictures with a model. All files lie in one folder, and the page asks for no other.
 *
 * @param to absolute path of the folder.
 * @param cwd the folder of the user's project, whose packages of tfjs are copied.
 * @returns the path of the page.
 * @throws UsageError if the model does not classify pictures, or a package of tfjs is not installed
 */
export async function savePage({ model, card, base, reader }: PageModel, to: string, cwd: string): Promise<string> {
  const pixels = await pixelsOf({ model, card, base, reader });
  const text = await modelScript(model, card?.classes, pixels);
  const loader = model.layers ? "layers" : "converter";
  const packages = { ...TFJS, [`@tensorflow/tfjs-${loader}`]: [`tf-${loader}.min.js`] };
  const copies = await Promise.all(
    Object.entries(packages).map(async ([name, files]) => {
      const folder = dirname(await packagePath(`${name}/package.json`, cwd));
      return files.map((file) => ({ file, from: join(folder, "dist", file) }));
    }),
  );
  const own = join(dirname(createRequire(import.meta.url).resolve("@graftjs/cli/package.json")), "page");
  const files = [...copies.flat(), ...OWN.map((file) => ({ file, from: join(own, file) }))];
  await assertWritable(to);
  for (const { file, from } of files) await copyFile(from, join(to, file));
  const encoder = new TextEncoder();
  await writeFileAtomic(join(to, "model.js"), encoder.encode(text));
  const tfjs = copies.flat().flatMap(({ file }) => (file.endsWith(".js") ? [file] : []));
  const html = pageHtml(card?.classes, [...tfjs, "model.js", "pixels.js", "page.js"]);
  await writeFileAtomic(join(to, "index.html"), encoder.encode(html));
  return join(to, "index.html");
}

/** Returns the options that turn a picture into the model's input. @throws UsageError if the model takes other inputs */
async function pixelsOf({ model, card, base, reader: given }: PageModel): Promise<ImageOptions> {
  const inputs = inputsOf(model);
  const stored = card?.reader ?? (await readerOfBase(base, model.layers));
  const use = given ?? stored;
  if (use !== undefined && use.use !== "image")
    throw new UsageError(
      `The model takes inputs of the reader \`${use.use}\`, and a page is made for pictures only.`,
      "In a page of your own, load the model that `graft export --out folder` writes.",
    );
  const reader = completed(use, inputs);
  if (!reader)
    throw new UsageError(
      use
        ? "The model's input is not a picture of fixed size."
        : "The model does not say how pictures become its inputs.",
      `Say it: --reader '{ "use": "image", "with": { "size": [224, 224], "range": [-1, 1] } }'.`,
    );
  const outputs = model.layers?.outputs ?? [];
  if (outputs.length > 1 || outputs.some(({ shape }) => shape.length !== 2))
    throw new UsageError(
      `The model's outputs are ${outputs.map(({ shape }) => `[${shape.map((side) => side ?? "any").join(", ")}]`).join(" and ")}.`,
      "A page needs a model with one output for each class: [any, classes].",
    );
  return reader.with as unknown as ImageOptions;
}

/** Writes the model as a script, because a page that was opened from a folder may read scripts only. */
async function modelScript(
  { savable, layers, ...model }: RecipeModel,
  classes: ModelCard["classes"],
  pixels: ImageOptions,
): Promise<string> {
  if (!savable)
    throw new UsageError(
      `A ${titleOf(model)} cannot be saved as a model of tfjs, so that no page can load it.`,
      "Convert it to a model of tfjs first.",
    );
  const own = layers?.layers.map((layer) => layer.getClassName()).find((name) => /^(Keras|Graft)/.test(name));
  if (own !== undefined)
    throw new UsageError(
      `The model has a layer of class ${own}, which stock tfjs does not have.`,
      "Build a page of your own that imports `@graftjs/tuner`: `graft init <folder> --page` makes one.",
    );
  const written = new Map<string, Uint8Array>();
  await saveModel(savable, {
    where: "memory",
    write: async (name, bytes) => void written.set(name, bytes),
    read: async (name) => written.get(name),
    list: async () => [...written.keys()],
    remove: async (name) => void written.delete(name),
  });
  const { weightsManifest, ...artifacts } = JSON.parse(Buffer.from(written.get("model.json") ?? []).toString());
  const [{ paths, weights: weightSpecs }] = weightsManifest;
  const weights = Buffer.from(written.get(paths[0]) ?? []).toString("base64");
  const script = { classes, pixels, model: { ...artifacts, weightSpecs, weights } };
  return `globalThis.graftModel = ${JSON.stringify(script)};\n`;
}

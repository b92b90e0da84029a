import { readFile } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import { suggest } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import {
  type LayersModel,
  layers,
  loadLayersModel,
  model as newModel,
  type SymbolicTensor,
} from "@tensorflow/tfjs-layers";
import { type RecipeFile, reason } from "./recipe-file.ts";
import type { HeadSection } from "./run-section.ts";
import { UsageError } from "./usage-error.ts";

/** The model a recipe names, under its new head where the recipe asks for one. @throws UsageError */
export async function readModel({ folder, run }: RecipeFile): Promise<LayersModel> {
  const path = resolve(folder, run.model);
  const artifacts = await readArtifacts(path);
  const model = await loadLayersModel(tf.io.fromMemory(artifacts)).catch((cause: Error) => {
    throw new UsageError(
      `The model ${path} cannot be built: ${cause.message}`,
      "Is it a LayersModel, saved by tfjs-layers or converted from Keras?",
      { cause },
    );
  });
  return run.head ? withHead(model, run.head, run.seed ?? 0) : model;
}

async function readArtifacts(path: string): Promise<tf.io.ModelArtifacts> {
  const text = await bytesOf(path, "The model").then((bytes) => new TextDecoder().decode(bytes));
  let json: Partial<tf.io.ModelJSON>;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new UsageError(
      `The model ${path} is not JSON: ${(cause as Error).message}`,
      "Is the file whole? Fetch or save it again.",
      { cause },
    );
  }
  if (!json.modelTopology || !json.weightsManifest) {
    throw new UsageError(
      `The model ${path} has no \`modelTopology\` or no \`weightsManifest\`.`,
      "It must be the model.json of a LayersModel.",
    );
  }
  const weightSpecs = json.weightsManifest.flatMap(({ weights }) => weights);
  const base = dirname(path);
  const files = json.weightsManifest.flatMap(({ paths }) => paths).map((name) => inside(base, name));
  const shards = await Promise.all(files.map((file) => bytesOf(file, "The weights file")));
  const weightData = Buffer.concat(shards);
  const expected = weightSpecs.reduce((sum, spec) => sum + byteLength(spec), 0);
  if (weightData.byteLength !== expected) {
    throw new UsageError(
      `The weights of ${path} are ${weightData.byteLength < expected ? "truncated" : "too long"}: ${weightData.byteLength} bytes, and model.json lists ${expected}.`,
      `Looked at ${files.join(", ")}. Fetch or save the model again.`,
    );
  }
  const { buffer, byteOffset } = weightData;
  return {
    modelTopology: json.modelTopology,
    weightSpecs,
    weightData: buffer.slice(byteOffset, byteOffset + expected) as ArrayBuffer,
  };
}

/** A manifest may name files beside model.json and below, nothing above. */
function inside(base: string, name: string): string {
  const file = resolve(base, name);
  const way = relative(base, file);
  if (!way.startsWith("..") && !isAbsolute(way)) return join(base, way);
  throw new UsageError(
    `model.json names the weights file ${name}, outside its own folder.`,
    "Do not use this file: a model has its weights beside it.",
  );
}

async function bytesOf(path: string, what: string): Promise<Uint8Array> {
  return readFile(path).catch((cause: NodeJS.ErrnoException) => {
    throw new UsageError(`${what} cannot be read: ${reason(cause)}.`, `Looked at ${path}.`, { cause });
  });
}

function byteLength({ shape, dtype, quantization }: tf.io.WeightsManifestEntry): number {
  const stored = quantization?.dtype ?? dtype;
  const size =
    stored === "uint8" || stored === "bool"
      ? 1
      : stored === "uint16" || stored === "float16"
        ? 2
        : stored === "complex64"
          ? 8
          : 4;
  return shape.reduce((a, b) => a * b, 1) * size;
}

function withHead(
  base: LayersModel,
  { after, units, activation = "softmax", name = "head" }: HeadSection,
  seed: number,
): LayersModel {
  const layer = base.layers.find((candidate) => candidate.name === after);
  if (!layer) {
    const names = base.layers.map((candidate) => candidate.name);
    throw new UsageError(`run.head.after: the model has no layer \`${after}\`.`, suggest(after, names));
  }
  // tfjs-layers takes seed 0 for "no seed".
  const kernelInitializer = { className: "GlorotUniform", config: { seed: seed + 1 } };
  const head = layers.dense({
    name,
    units,
    activation: activation as "softmax",
    kernelInitializer: kernelInitializer as never,
  });
  return newModel({ inputs: base.inputs, outputs: head.apply(layer.output) as SymbolicTensor, name: base.name });
}

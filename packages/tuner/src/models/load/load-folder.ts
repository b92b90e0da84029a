import * as tf from "@tensorflow/tfjs-core";
import type * as layers from "@tensorflow/tfjs-layers";
import { duplicateKey } from "../../files/safetensors/duplicate-key.ts";
import { dialectOf } from "../keras/dialect.ts";
import { buildModel } from "./build-model.ts";
import { assertInside } from "./inside.ts";
import { sourceOf } from "./model-source.ts";
import { LoadError } from "../../files/load-error.ts";
import type { LoadLimits } from "./load-limits.ts";
import { assignByPath } from "./weights-by-path.ts";

/** Reads a file of a model's folder. The path is relative and has been checked to stay in the folder. */
export type ReadFile = (path: string) => Promise<Uint8Array>;

/**
 * Loads a tfjs LayersModel from a `model.json` and its weight shards. Supports Keras 3's configuration too.
 *
 * Unlike tfjs-node's handler, it refuses weight paths that leave the folder, and shards that are shorter or longer than the manifest
 * says.
 *
 * @param from path of the file (in Node), its address (`https:`), or a function that reads a file of the model's folder:
 *   `folderReader(folder)` in Node, `urlReader(base)` in a browser.
 * @param name path of the `model.json` if `from` is a function. The paths of the weights are relative to its folder. @default "model.json"
 * @throws LoadError that names the file and the problem. No tensors are left over then.
 */
export async function loadLayersModel(
  from: ReadFile | string,
  name = "model.json",
  limits: LoadLimits = {},
): Promise<layers.LayersModel> {
  const { read, file } = sourceOf(typeof from === "string" ? from : { read: from, file: name });
  const { topology, specs, data, rest } = await readParts(read, file);
  if ("node" in topology || (rest as { format?: unknown }).format === "graph-model")
    throw new LoadError(
      `${file} is a GraphModel, not a LayersModel.`,
      "Load it with @tensorflow/tfjs-converter and wrap it with graphModelAdapter.",
    );
  const most = sum(specs.map(({ shape }) => shape.reduce((a, b) => a * b, 1)));
  return buildModel({
    ...{ topology, file, most, limits },
    fill: (model) =>
      tf.tidy(() => {
        const tensors = tf.io.decodeWeights(data.buffer, specs);
        const modelWeights = specs
          .filter(({ group }) => group !== "optimizer")
          .map(({ name }) => [name, tensors[name]] as const);
        if (dialectOf(topology) === "keras3" || !fitsByName(model, modelWeights)) {
          const stored = modelWeights.map(([name, tensor]) => ({ name, tensor: tensor as tf.Tensor }));
          assignByPath(model, stored, file);
        } else loadUnconstrained(model, Object.fromEntries(modelWeights) as tf.NamedTensorMap);
      }),
  });
}

/** Tells whether tfjs-layers finds all weights by name. It leaves the last but one part of a name out: the name of a cell. */
function fitsByName(model: layers.LayersModel, stored: readonly (readonly [string, unknown])[]): boolean {
  const names = new Set(model.weights.map(({ originalName }) => originalName));
  return stored.every(([name]) => names.has(name) || names.has(name.replace(/[^/]+\/([^/]+)$/, "$1")));
}

/** Loads weights as they are stored. tfjs-layers would apply constraints, which are for training steps. */
function loadUnconstrained(model: layers.LayersModel, weights: tf.NamedTensorMap): void {
  const constrained = model.weights as unknown as { constraint: unknown }[];
  const constraints = constrained.map(({ constraint }) => constraint);
  try {
    for (const weight of constrained) weight.constraint = null;
    model.loadWeights(weights);
  } finally {
    constrained.forEach((weight, i) => {
      weight.constraint = constraints[i];
    });
  }
}

/**
 * Reads the artifacts of a LayersModel or GraphModel with the checks of {@link loadLayersModel}. To get a GraphModel, pass the
 * artifacts to `@tensorflow/tfjs-converter`: `loadGraphModel({ load: async () => artifacts })`.
 *
 * @throws LoadError that names the file and the problem.
 */
export async function readModelArtifacts(from: ReadFile | string, name = "model.json"): Promise<tf.io.ModelArtifacts> {
  const { read, file } = sourceOf(typeof from === "string" ? from : { read: from, file: name });
  const { topology, specs, data, rest } = await readParts(read, file);
  return { ...rest, modelTopology: topology, weightSpecs: specs, weightData: data.buffer };
}

interface Parts {
  /** The other fields of the file: format, signature and the like. */
  readonly rest: object;
  readonly topology: object;
  readonly specs: tf.io.WeightsManifestEntry[];
  readonly data: Uint8Array<ArrayBuffer>;
}

/** Reads and checks the model's parts before anything is built. */
async function readParts(read: ReadFile, file: string): Promise<Parts> {
  const json = parsed(await readOrSay(read, file), file);
  const { modelTopology, weightsManifest, ...rest } = json as { modelTopology?: object; weightsManifest?: unknown };
  if (typeof modelTopology !== "object" || modelTopology === null)
    throw new LoadError(`${file} has no modelTopology.`, "Is it the model.json of a tfjs model?");
  if (!Array.isArray(weightsManifest))
    throw new LoadError(`${file} has no weightsManifest.`, "Was it saved with its weights?");
  const specs: tf.io.WeightsManifestEntry[] = [];
  const chunks: Uint8Array[] = [];
  const seen = { paths: new Set<string>(), weights: new Set<string>() };
  const folder = file.slice(0, file.lastIndexOf("/") + 1);
  for (const group of weightsManifest as { paths?: unknown; weights?: unknown }[]) {
    const entries = checkedEntries(group?.weights, file);
    const paths = checkedPaths(group?.paths, file);
    assertOnce(
      "the weight",
      entries.map(({ name }) => name),
      seen.weights,
      file,
    );
    assertOnce("the weights file", paths.map(withoutDots), seen.paths, file);
    const want = sum(entries.map(byteLengthOf));
    const shards: Uint8Array[] = [];
    let have = 0;
    for (const path of paths) {
      const shard = await readOrSay(read, folder + path);
      shards.push(shard);
      have += shard.byteLength;
      if (have > want) break;
    }
    if (have !== want)
      throw new LoadError(
        `The weights ${paths.join(", ")} are ${have < want ? "truncated" : "too long"}: they have ${have} bytes${have > want ? " or more" : ""}, but ${file} lists ${want}.`,
        "Fetch or save the model again.",
      );
    specs.push(...entries);
    chunks.push(...shards);
  }
  const data = new Uint8Array(sum(chunks.map(({ byteLength }) => byteLength)));
  let offset = 0;
  for (const chunk of chunks) {
    data.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return { topology: modelTopology, specs, data, rest };
}

function parsed(bytes: Uint8Array, file: string): unknown {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    const json = JSON.parse(text) as unknown;
    const twice = duplicateKey(text);
    if (twice !== undefined) throw new Error(`the key ${JSON.stringify(twice)} occurs twice`);
    if (typeof json !== "object" || json === null || Array.isArray(json)) throw new Error("it is not a JSON object");
    return json;
  } catch (cause) {
    throw new LoadError(`${file} is not a model: ${(cause as Error).message}.`, "Is the file complete?", { cause });
  }
}

const BYTES: Readonly<Record<string, number>> = { float32: 4, int32: 4, bool: 1, uint8: 1, uint16: 2, float16: 2 };

function checkedEntries(entries: unknown, file: string): tf.io.WeightsManifestEntry[] {
  if (!Array.isArray(entries))
    throw new LoadError(`A group of ${file} has no list of weights.`, "Is the file complete?");
  for (const entry of entries as Partial<tf.io.WeightsManifestEntry>[]) {
    const shape: unknown = entry?.shape;
    const ok =
      typeof entry?.name === "string" &&
      Array.isArray(shape) &&
      shape.every((n) => Number.isSafeInteger(n) && (n as number) >= 0) &&
      Number.isSafeInteger(shape.reduce((a: number, b) => a * (b as number), 8)) &&
      typeof (entry.quantization?.dtype ?? entry.dtype) === "string" &&
      Object.hasOwn(BYTES, (entry.quantization?.dtype ?? entry.dtype) as string) &&
      hasFiniteScale(entry.quantization);
    if (!ok)
      throw new LoadError(
        `${file} has a weight that cannot be read: ${JSON.stringify(entry)?.slice(0, 120)}.`,
        "Is the file complete?",
      );
  }
  return entries as tf.io.WeightsManifestEntry[];
}

/** Returns whether a quantisation's scale and offset are finite as float32. `float16` has neither. */
function hasFiniteScale(quantization: tf.io.WeightsManifestEntry["quantization"]): boolean {
  if (!quantization || quantization.dtype === "float16") return true;
  return [quantization.scale, quantization.min].every((n) => typeof n === "number" && Number.isFinite(Math.fround(n)));
}

function checkedPaths(paths: unknown, file: string): string[] {
  if (!Array.isArray(paths) || !paths.every((path) => typeof path === "string"))
    throw new LoadError(`A group of ${file} has no list of paths.`, "Is the file complete?");
  for (const path of paths as string[]) assertInside(path, file);
  return paths as string[];
}

/** Returns the path without its empty and `.` segments, which do not change the file. */
function withoutDots(path: string): string {
  return path
    .split(/[\\/]/)
    .filter((part) => part !== "" && part !== ".")
    .join("/");
}

/** Checks that no name occurs twice. A file that is listed thousands of times would fill the memory. */
function assertOnce(kind: string, names: readonly string[], seen: Set<string>, file: string): void {
  for (const name of names) {
    if (seen.has(name))
      throw new LoadError(`${file} lists ${kind} ${JSON.stringify(name)} twice.`, "Convert or save the model again.");
    seen.add(name);
  }
}

function byteLengthOf({ shape, dtype, quantization }: tf.io.WeightsManifestEntry): number {
  return shape.reduce((a, b) => a * b, 1) * (BYTES[quantization?.dtype ?? dtype] as number);
}

async function readOrSay(read: ReadFile, path: string): Promise<Uint8Array> {
  try {
    return await read(path);
  } catch (cause) {
    if (cause instanceof LoadError) throw cause;
    throw new LoadError(`Cannot read ${path}: ${(cause as Error).message}.`, "Is it in the folder of model.json?", {
      cause,
    });
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

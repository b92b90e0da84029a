import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";

/** Returns the files of a model: the given one, and the files of weights that a model.json or an index of safetensors names. */
export async function modelFiles(path: string): Promise<readonly string[]> {
  const text = path.endsWith(".json") ? await readFile(path, "utf8").catch(() => "") : "";
  return [path, ...namesIn(text).map((name) => resolve(dirname(path), name))];
}

function namesIn(text: string): readonly string[] {
  try {
    const { weightsManifest = [], weight_map: map = {} } = JSON.parse(text) as {
      weightsManifest?: readonly { readonly paths?: readonly unknown[] }[];
      weight_map?: object;
    };
    const names = [...weightsManifest.flatMap(({ paths = [] }) => paths), ...Object.values(map)];
    return names.filter((name) => typeof name === "string");
  } catch {
    // A model that cannot be read is reported by its loader.
    return [];
  }
}

import type { ModelFile } from "./model-format.ts";

/** Returns whether the file begins with these bytes. Returns false if it cannot be read. */
export async function beginsWith(file: ModelFile, signature: readonly number[]): Promise<boolean> {
  const bytes = await file.bytes().catch(() => undefined);
  return bytes !== undefined && signature.every((byte, i) => bytes[i] === byte);
}

/** Returns whether the file is the `model.json` of a GraphModel. Returns false if it cannot be read or is not JSON. */
export async function isGraphModelJson(file: ModelFile): Promise<boolean> {
  try {
    const json = JSON.parse(new TextDecoder().decode(await file.bytes())) as unknown;
    const { format, modelTopology } = Object(json) as { format?: unknown; modelTopology?: object };
    return format === "graph-model" || "node" in Object(modelTopology);
  } catch {
    return false;
  }
}

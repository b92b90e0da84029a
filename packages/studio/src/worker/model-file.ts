import { type CheckpointStore, type ModelCard, saveModel } from "@graftjs/tuner";
import type { Result } from "../project/project.ts";
import { modelOf } from "./answers.ts";
import type { Session } from "./session.ts";
import { zip } from "./zip.ts";

/**
 * Returns the trained model as a file: `delta` holds only the changes, `model` is a zip archive with a `model.json` that stock
 * TensorFlow.js loads, its weights, and `classes.json`.
 */
export async function exportModel(session: Session, kind: "delta" | "model"): Promise<Blob> {
  const { trained } = session;
  if (!trained) throw new Error("No model is trained yet.");
  if (kind === "delta") return new Blob([trained.delta as BlobPart], { type: "application/octet-stream" });
  const card = modelCardOf(session, trained.result);
  const files = new Map<string, Uint8Array>();
  await saveModel(await modelOf(session), storeOf(files), { card });
  files.set("classes.json", new TextEncoder().encode(JSON.stringify(card.classes)));
  return zip(files);
}

/** Describes a trained model: its classes, and how its input is made from a picture file. `graft predict` reads it. */
export function modelCardOf({ base: { side, range } }: Session, { classes }: Pick<Result, "classes">): ModelCard {
  return {
    classes: classes.map(({ name }) => name),
    reader: { use: "image", with: { size: [side, side], fit: "cover", range } },
  };
}

/** Keeps files in memory. */
function storeOf(files: Map<string, Uint8Array>): CheckpointStore {
  return {
    where: "memory",
    write: async (name, bytes) => void files.set(name, bytes),
    read: async (name) => files.get(name),
    list: async () => [...files.keys()],
    remove: async (name) => void files.delete(name),
  };
}

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ImageOptions } from "@graftjs/data";
import type { ModelCard } from "@graftjs/tuner";

const WRITTEN_BY = "graft";

/**
 * Writes `preprocessor_config.json` beside a model of pictures, as Hugging Face's tools read it. A file that Graft has not written stays.
 *
 * @param folder absolute path of the model's folder.
 */
export async function savePreprocessor(card: ModelCard | undefined, folder: string): Promise<void> {
  if (card?.reader?.use !== "image") return;
  const { preprocessorOfPixels } = await import("@graftjs/data");
  const { writeFileAtomic } = await import("@graftjs/tuner");
  const config = preprocessorOfPixels(card.reader.with as unknown as ImageOptions);
  const path = join(folder, "preprocessor_config.json");
  const found = await readFile(path, "utf8").catch(() => undefined);
  if (!config || (found !== undefined && !found.includes(`"written_by": "${WRITTEN_BY}"`))) return;
  const text = `${JSON.stringify({ written_by: WRITTEN_BY, ...config }, null, 2)}\n`;
  await writeFileAtomic(path, new TextEncoder().encode(text));
}

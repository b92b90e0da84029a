import type { Trust } from "../project/trust.ts";
import { openBestBackend } from "./best-backend.ts";
import { readTunedModel, type TunedModel } from "./tuned-model.ts";

/** Loads a model on the best installed backend, calls `use` with it, and frees both. The arguments are those of `readTunedModel`. */
export async function withTunedModel(
  given: string,
  cwd: string,
  trust: Trust,
  use: (model: TunedModel) => Promise<void>,
): Promise<void> {
  const backend = await openBestBackend(cwd);
  try {
    const model = await readTunedModel(given, cwd, trust);
    try {
      await use(model);
    } finally {
      model.dispose();
    }
  } finally {
    await backend.dispose();
  }
}

import type { LayersModelLike } from "../model/layers-model.ts";
import { assemble } from "../run/assembly.ts";
import type { FineTuneOptions } from "../run/options.ts";
import { cached } from "../trunk/features.ts";
import { describe, type Plan } from "./plan.ts";

/**
 * What `fineTune` with these options would do. Runs the trunk for one example to size the cache; the model is as before
 * when it returns.
 *
 * @throws what `fineTune` throws before its first step.
 */
export async function plan(model: LayersModelLike, options: FineTuneOptions): Promise<Plan> {
  const assembly = assemble(model, options);
  try {
    const { cut, train, validation } = assembly;
    if (options.cache === false || cut.trunk.layers === 0) return describe(assembly, options, 0);
    const one = { ...train, size: 1 };
    const { bytes } = await cached(cut, one, 1);
    return describe(assembly, options, bytes * (train.size + (validation?.size ?? 0)));
  } finally {
    assembly.release();
    assembly.restore();
    assembly.optimizer.dispose();
  }
}

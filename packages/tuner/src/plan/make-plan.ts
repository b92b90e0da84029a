import type { TunableModel } from "../model/trainee-of.ts";
import { assemble } from "../run/assembly.ts";
import type { FineTuneOptions } from "../run/options.ts";
import type { Phase } from "../run/phases.ts";
import { cached } from "../trunk/features.ts";
import { memoryStore } from "../trunk/store.ts";
import { plainViews } from "../trunk/views.ts";
import { describe, type Plan } from "./plan.ts";

/**
 * What `fineTune` with these options would do. Runs the trunk for one example to size the cache; the model is as before
 * when it returns.
 *
 * @throws what `fineTune` throws before its first step.
 */
export async function plan(model: TunableModel, options: FineTuneOptions): Promise<Plan> {
  const assembly = await assemble(model, options);
  try {
    const { phases, train, validation } = assembly;
    const { cut } = phases[0] as Phase;
    if (options.cache === false || cut.trunk.layers === 0) return describe(assembly, options, 0);
    const { bytes } = await cached(cut, plainViews(train), { size: 1, count: 1, batchSize: 1, store: memoryStore(1) });
    const { augment = [], views = 0, mixup = 0 } = options;
    const kept = mixup > 0 ? 0 : augment.length > 0 ? views : 1;
    return describe(assembly, options, bytes * (train.size * kept + (validation?.size ?? 0)));
  } finally {
    assembly.release();
    assembly.restore();
    assembly.optimizer.dispose();
  }
}

import { OptionsError, seeded } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { type LowRankChange, loraChange } from "../methods/lora.ts";
import type { Factors } from "../methods/low-rank-parts.ts";
import { outputAxis } from "../targets/target.ts";
import { type AdapterHandle, type AdapterPatch, adapterPatch } from "./adapter-patch.ts";

/** An adapter and its weight in a sum. */
export interface Weighted {
  /** A `lora` adapter that is attached to a model. */
  readonly adapter: AdapterHandle;
  /** Factor on the adapter's change. May be negative: the sum then forgets what the adapter learned. */
  readonly weight: number;
}

/**
 * Makes one LoRA adapter whose change is the weighted sum of the changes of others: ΔW = Σ wᵢ·ΔWᵢ. The sum is exact, because the new rank
 * of each kernel is the sum of theirs (HF PEFT's `combination_type="cat"`). A kernel that only some adapters change is changed by these.
 *
 * The values are copied when the patch is applied, so the others may be removed afterwards.
 *
 * @throws OptionsError if the list is empty, if one is not a `lora` adapter, or if a weight is not finite
 */
export function combine(adapters: readonly Weighted[]): AdapterPatch {
  const problems = adapters.flatMap(({ adapter: { method }, weight }, i) => [
    ...(method === "lora"
      ? []
      : [`adapters[${i}] is a \`${method}\` adapter. Only changes of \`lora\` can be added up.`]),
    ...(Number.isFinite(weight) ? [] : [`adapters[${i}].weight is ${weight}. Give a finite number.`]),
  ]);
  if (adapters.length === 0) problems.push("The list is empty. Give at least one adapter.");
  if (problems.length > 0)
    throw new OptionsError(`\`combine\` has ${problems.length} problem(s).`, problems.join("\n"));
  const parts = new Map<string, Part[]>();
  for (const { adapter, weight } of adapters)
    for (const change of adapter.changes as readonly LowRankChange[]) {
      const { name } = change.target;
      parts.set(name, [...(parts.get(name) ?? []), { change, weight }]);
    }
  return adapterPatch("lora", () =>
    [...parts.values()].map((summed) => ({
      target: (summed[0] as Part).change.target,
      make: (target) => {
        const rank = summed.reduce(
          (sum, { change }) => sum + change.rank * (change.initialization === "pissa" ? 2 : 1),
          0,
        );
        const settings = { rank, scale: 1, dropout: 0, initialization: "default" } as const;
        const made = loraChange(target, settings, seeded(0));
        tf.tidy(() => fill(made, summed));
        return made;
      },
    })),
  );
}

interface Part {
  readonly change: LowRankChange;
  readonly weight: number;
}

/** Puts the factors beside each other. The weights and scales go into `b`. */
function fill({ target, a, b }: LowRankChange, parts: readonly Part[]): void {
  const axis = outputAxis(target.kind, a.rank);
  const factors = parts.map(({ change }) => change.factors());
  const scaled = parts.map(({ change, weight }, i) => tf.mul((factors[i] as Factors).b, weight * change.scale));
  a.assign(
    tf.concat(
      factors.map((factor) => factor.a),
      axis,
    ),
  );
  b.assign(tf.concat(scaled, 0));
}

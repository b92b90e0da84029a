import { OptionsError, type OptionsSchema, optionsSchema, seeded } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { type LowRankChange, loraChange } from "../methods/lora.ts";
import type { Factors } from "../methods/low-rank-parts.ts";
import { outputAxis } from "../targets/target.ts";
import { type AdapterHandle, type AdapterPatch, adapterPatch } from "./adapter-patch.ts";
import { type CombineMethod, type MergeSettings, mergedValues } from "./task-values.ts";

/** An adapter and its weight in a sum. */
export interface Weighted {
  /** A `lora` adapter that is attached to a model. */
  readonly adapter: AdapterHandle;
  /** Factor on the adapter's change. May be negative: the sum then forgets what the adapter learned. */
  readonly weight: number;
}

/** Options of {@link combine}. */
export interface CombineOptions {
  /**
   * `sum`: the exact sum of the changes. `ties`, `dare-linear` and `dare-ties`: HF PEFT's merges of `a` and of `b`, each for itself, in
   * which adapters of the same rank disturb each other less. One adapter is always merged by `sum`. @default "sum"
   */
  readonly method?: CombineMethod;
  /** Share of the values of each adapter that `ties` and the `dare` methods keep, above 0 and at most 1. @default 0.5 */
  readonly density?: number;
  /** Elects a sign by the sum of the values (`total`) or by their number (`frequency`). @default "total" */
  readonly majoritySign?: "total" | "frequency";
  /** Seed of the values that the `dare` methods drop. @default 0 */
  readonly seed?: number;
}

type Defaults = "method" | "density" | "majoritySign" | "seed";

const combineOptions: OptionsSchema<CombineOptions, Defaults> = optionsSchema<CombineOptions, Defaults>({
  method: {
    enum: ["sum", "ties", "dare-linear", "dare-ties"],
    default: "sum",
    description: "The exact sum of the changes, or a merge of HF PEFT",
  },
  density: {
    type: "number",
    exclusiveMinimum: 0,
    maximum: 1,
    default: 0.5,
    description: "Share of the values to keep",
  },
  majoritySign: { enum: ["total", "frequency"], default: "total", description: "How the sign of a value is elected" },
  seed: { type: "integer", minimum: 0, default: 0, description: "Seed of the dropped values" },
});

/**
 * Makes one LoRA adapter of several on the same model. A kernel that only some adapters change is changed by these.
 *
 * By default its change is the weighted sum of theirs: ΔW = Σ wᵢ·ΔWᵢ. The sum is exact, because the new rank of each kernel is the sum of
 * their ranks (HF PEFT's `combination_type="cat"`). The other methods keep the rank.
 *
 * The values are copied when the patch is applied, so the others may be removed afterwards.
 *
 * @throws OptionsError if the list is empty, if one is not a `lora` adapter, if a weight is not finite, or if the method needs
 *   adapters of one rank that did not begin with "pissa"
 */
export function combine(adapters: readonly Weighted[], options: CombineOptions = {}): AdapterPatch {
  const { method, seed, ...settings } = combineOptions.parse("combine", options);
  const parts = partsByKernel(adapters);
  const problems = problemsOf(adapters);
  const merges = method !== "sum" && adapters.length > 1;
  if (merges) for (const [name, list] of parts) problems.push(...mergeProblems(method, name, list));
  if (adapters.length === 0) problems.push("The list is empty. Give at least one adapter.");
  if (problems.length > 0)
    throw new OptionsError(`\`combine\` has ${problems.length} problem(s).`, problems.join("\n"));
  return adapterPatch("lora", () =>
    [...parts.values()].map((list) => ({
      target: (list[0] as Part).change.target,
      make: (target) => {
        const rank = merges ? (list[0] as Part).change.rank : list.reduce((sum, part) => sum + wholeRank(part), 0);
        const made = loraChange(target, { rank, scale: 1, dropout: 0, initialization: "default" }, seeded(0));
        if (merges) fillMerged(made, list, { method, ...settings }, seed);
        else tf.tidy(() => fillSum(made, list));
        return made;
      },
    })),
  );
}

interface Part {
  readonly change: LowRankChange;
  readonly weight: number;
}

function partsByKernel(adapters: readonly Weighted[]): ReadonlyMap<string, readonly Part[]> {
  const parts = new Map<string, Part[]>();
  for (const { adapter, weight } of adapters)
    for (const change of adapter.changes as readonly LowRankChange[]) {
      const { name } = change.target;
      parts.set(name, [...(parts.get(name) ?? []), { change, weight }]);
    }
  return parts;
}

function problemsOf(adapters: readonly Weighted[]): string[] {
  return adapters.flatMap(({ adapter: { method }, weight }, i) => [
    ...(method === "lora"
      ? []
      : [`adapters[${i}] is a \`${method}\` adapter. Only changes of \`lora\` can be added up.`]),
    ...(Number.isFinite(weight) ? [] : [`adapters[${i}].weight is ${weight}. Give a finite number.`]),
  ]);
}

function mergeProblems(method: CombineMethod, name: string, parts: readonly Part[]): string[] {
  const ranks = [...new Set(parts.map(({ change }) => change.rank))];
  return [
    ...(ranks.length > 1
      ? [`"${method}" needs adapters of one rank; those of ${name} have the ranks ${ranks.join(", ")}.`]
      : []),
    ...(parts.some(({ change }) => change.initialization === "pissa")
      ? [`"${method}" merges \`a\` and \`b\`, and an adapter of ${name} began with "pissa". Use the method "sum".`]
      : []),
  ];
}

/** Returns the rank of the whole change: "pissa" also takes its first product off the kernel. */
function wholeRank({ change }: Part): number {
  return change.rank * (change.initialization === "pissa" ? 2 : 1);
}

/** Puts the factors beside each other. The weights and scales go into `b`. */
function fillSum({ target, a, b }: LowRankChange, parts: readonly Part[]): void {
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

/** Merges the values of `a` and of `b`. Each gets the root of a weight, and `a` its sign. */
function fillMerged(made: LowRankChange, parts: readonly Part[], settings: MergeSettings, seed: number): void {
  const weights = parts.map(({ change, weight }) => weight * change.scale);
  const roots = weights.map((weight) => Math.sqrt(Math.abs(weight)));
  const merge = (role: "a" | "b", factors: readonly number[]): void => {
    const values = parts.map(({ change }) => change[role].dataSync() as Float32Array);
    const random = seeded(seed, "dare", made.target.name, role);
    const merged = mergedValues(values, factors, settings, random);
    tf.tidy(() => made[role].assign(tf.tensor(merged, made[role].shape)));
  };
  merge(
    "a",
    roots.map((root, i) => ((weights[i] as number) < 0 ? -root : root)),
  );
  merge("b", roots);
}

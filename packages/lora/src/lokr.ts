import { type OptionsSchema, optionsSchema, seeded } from "@graftjs/core";
import { type AdapterPatch, adapterPatch } from "./adapter/adapter-patch.ts";
import { lokrChange } from "./methods/lokr.ts";
import { selectTargets, type TargetSelector } from "./targets/select-targets.ts";

/** Options of {@link lokr}. */
export interface LokrOptions {
  /** The weights to adapt, by stable name. @default "all-linear" */
  readonly target?: TargetSelector;
  /** Rank of the second factor. It is a full matrix if the rank is at least half of its larger side. ≥ 1. @default 8 */
  readonly rank?: number;
  /** α in the scale α/rank of the change. > 0. @default 8 */
  readonly alpha?: number;
  /** One of the two factors that each side of the kernel is divided into; −1 takes the two that are closest. @default -1 */
  readonly factor?: number;
  /** Seed of the first values. @default 0 */
  readonly seed?: number;
}

type Defaults = "target" | "rank" | "alpha" | "factor" | "seed";

/** Schema of {@link LokrOptions}. */
export const lokrOptions: OptionsSchema<LokrOptions, Defaults> = optionsSchema<LokrOptions, Defaults>({
  target: {
    default: "all-linear",
    description: "The weights to adapt. `all-linear`: every dense and convolution kernel except the last layer's",
  },
  rank: { type: "integer", minimum: 1, default: 8, description: "Rank of the second factor" },
  alpha: { type: "number", exclusiveMinimum: 0, default: 8, description: "α in the scale α/rank of the change" },
  factor: {
    type: "integer",
    minimum: -1,
    default: -1,
    description: "One of the two factors of each side of the kernel; −1 takes the two that are closest",
  },
  seed: { type: "integer", minimum: 0, default: 0, description: "Seed of the first values" },
});

/**
 * Adapts the dense and convolution layers of a model by Kronecker products (LoKr, Yeh et al. 2023, arXiv 2309.14859). Its files are much smaller than
 * those of `lora` at the same rank of the change. Train `role:lokr_w1`, `role:lokr_w2`, `role:lokr_w2_a` and `role:lokr_w2_b`.
 *
 * @throws OptionsError if an option is wrong. At `apply`, SelectionError if a selector matches nothing, and OptionsError if a target
 *   is not the kernel of a dense or convolution layer. The model is then unchanged.
 */
export function lokr(options: LokrOptions = {}): AdapterPatch {
  const { target, rank, alpha, factor, seed } = lokrOptions.parse("lokr", options);
  const settings = { rank, scale: alpha / rank, factor };
  return adapterPatch("lokr", (model) =>
    selectTargets(model, target, "`target` of `lokr`").map((one) => ({
      target: one,
      make: (of) => lokrChange(of, settings, seeded(seed, "lokr", one.name)),
    })),
  );
}

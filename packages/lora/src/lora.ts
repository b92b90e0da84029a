import {
  type OptionSchema,
  type OptionsSchema,
  optionsSchema,
  seeded,
  selectParams,
  type Selector,
} from "@graftjs/core";
import { type AdapterPatch, adapterPatch } from "./adapter/adapter-patch.ts";
import type { Initialization } from "./initial/low-rank-values.ts";
import { doraChange } from "./methods/dora.ts";
import { loraChange } from "./methods/lora.ts";
import type { LowRankSettings } from "./methods/low-rank-parts.ts";
import { selectTargets, type TargetSelector } from "./targets/select-targets.ts";

/** Another rank or alpha for some of the targets. */
export interface RankPattern {
  /** Selects from the targets, by the stable names of their weights. The last pattern that matches counts. */
  readonly target: Selector;
  /** @default the adapter's rank */
  readonly rank?: number;
  /** @default the adapter's alpha */
  readonly alpha?: number;
}

/** Options of {@link lora} and {@link dora}. */
export interface LoraOptions {
  /**
   * The weights to adapt, by stable name: kernels and embeddings. `all-linear` is every kernel of a dense, convolution or recurrent
   * layer, except the last layer's. @default "all-linear"
   */
  readonly target?: TargetSelector;
  /** Rank r of the change: the number of columns of `a`. ≥ 1. @default 8 */
  readonly rank?: number;
  /** α in the scale s of the change. > 0. @default 8 */
  readonly alpha?: number;
  /**
   * `rank-stabilized`: s = α/√r, so that the size of the change does not depend on the rank (Kalajdzievski 2023, arXiv 2312.03732).
   * `standard`: s = α/r, as in the paper of LoRA and HF PEFT's default. @default "rank-stabilized"
   */
  readonly scaling?: "rank-stabilized" | "standard";
  /** Probability with which training drops a value of the input of `a`, 0 ≤ p < 1. @default 0 */
  readonly dropout?: number;
  /**
   * The first values of `a` and `b`. With `default` and `orthogonal` their product is 0. With `pissa` it is the part of the kernel with the
   * largest singular values, and the layer computes with the rest of its kernel beside it (Meng et al. 2024, arXiv 2404.02948). It
   * converges sooner, and `apply` takes longer. @default "default"
   */
  readonly initialization?: Initialization;
  /** Seed of the first values. @default 0 */
  readonly seed?: number;
  /** Other ranks and alphas for some targets. @default [] */
  readonly patterns?: readonly RankPattern[];
}

type Defaults = "target" | "rank" | "alpha" | "scaling" | "dropout" | "initialization" | "seed" | "patterns";

const rank: OptionSchema = { type: "integer", minimum: 1, description: "Rank of the change" };
const alpha: OptionSchema = { type: "number", exclusiveMinimum: 0, description: "α in the scale of the change" };

/** Schema of {@link LoraOptions}. */
export const loraOptions: OptionsSchema<LoraOptions, Defaults> = optionsSchema<LoraOptions, Defaults>({
  target: {
    default: "all-linear",
    description:
      "The weights to adapt. `all-linear`: every dense, convolution and recurrent kernel except the last layer's",
  },
  rank: { ...rank, default: 8 },
  alpha: { ...alpha, default: 8 },
  scaling: {
    enum: ["rank-stabilized", "standard"],
    default: "rank-stabilized",
    description: "Scale of the change: α/√rank or α/rank",
  },
  dropout: {
    type: "number",
    minimum: 0,
    exclusiveMaximum: 1,
    default: 0,
    description: "Probability with which training drops a value of the input of `a`",
  },
  initialization: {
    enum: ["default", "orthogonal", "pissa"],
    default: "default",
    description: "The first values of `a` and `b`; `pissa` takes the main part of the kernel",
  },
  seed: { type: "integer", minimum: 0, default: 0, description: "Seed of the first values" },
  patterns: {
    type: "array",
    items: {
      type: "object",
      properties: { target: { description: "Selector of targets" }, rank, alpha },
      required: ["target"],
      additionalProperties: false,
    },
    default: [],
    description: "Other ranks and alphas for some targets",
  },
});

/**
 * Adapts a model by low-rank changes of its kernels (LoRA, Hu et al. 2021, arXiv 2106.09685): a kernel W computes as W + s·a·b, and
 * only `a` and `b` train. Supports dense, convolution, transposed convolution and recurrent layers, and embeddings, also in nested
 * models and wrappers. A depthwise kernel has no adapter: one of rank 1 would have as many values as the kernel.
 *
 * Train the added parameters with `trainable: ["role:lora_a", "role:lora_b", "head"]`. For LoRA+ (Hayou et al. 2024, arXiv
 * 2402.12354), give `b` a higher rate: `rateMultipliers: [{ params: "role:lora_b", factor: 16 }]`.
 *
 * @throws OptionsError if an option is wrong. At `apply`, SelectionError if a selector matches nothing, and OptionsError if a target
 *   cannot be changed. The model is then unchanged.
 */
export function lora(options: LoraOptions = {}): AdapterPatch {
  return lowRankPatch("lora", options);
}

/**
 * Does the same as {@link lora}, and also trains the length of each output's weights (DoRA, Liu et al. 2024, arXiv 2402.09353).
 * It needs the norm of the changed kernel in every step, so it takes more time and memory than `lora`.
 *
 * @throws like {@link lora}
 */
export function dora(options: LoraOptions = {}): AdapterPatch {
  return lowRankPatch("dora", options);
}

function lowRankPatch(name: "lora" | "dora", options: LoraOptions): AdapterPatch {
  const { target, patterns, seed, ...parsed } = loraOptions.parse(name, options);
  return adapterPatch(name, (model) => {
    const targets = selectTargets(model, target, `\`target\` of \`${name}\``);
    const matching = patterns.map((pattern) => ({
      ...pattern,
      names: new Set(
        selectParams(
          targets.map(({ weight }) => weight),
          pattern.target,
          `\`patterns\` of \`${name}\``,
        ).map(({ name }) => name),
      ),
    }));
    return targets.map((one) => {
      const pattern = matching.findLast(({ names }) => names.has(one.name));
      const rank = pattern?.rank ?? parsed.rank;
      const alpha = pattern?.alpha ?? parsed.alpha;
      const scale = alpha / (parsed.scaling === "standard" ? rank : Math.sqrt(rank));
      const { dropout, initialization } = parsed;
      const settings: LowRankSettings = { rank, scale, dropout, initialization };
      const random = seeded(seed, "lora", one.name);
      return { target: one, make: (of) => (name === "dora" ? doraChange : loraChange)(of, settings, random) };
    });
  });
}

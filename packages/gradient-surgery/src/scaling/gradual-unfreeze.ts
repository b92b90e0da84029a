import {
  type HookedOptimizer,
  type Observer,
  type OptionsSchema,
  optionsSchema,
  type Selector,
  selectParams,
} from "@graftjs/core";

/** Options of {@link gradualUnfreeze}. */
export interface GradualUnfreezeOptions {
  /** Groups of parameters, in the order in which they start to train. Begin with the head. */
  readonly groups: readonly Selector[];
  /** Number of epochs from one group to the next, ≥ 1. @default 1 */
  readonly every?: number;
}

/** Freezes and unfreezes groups, as an observer of a run or through `atEpoch`. */
export interface GradualUnfreeze extends Observer {
  /** Freezes and unfreezes for an epoch, counted from 0. It depends only on the epoch, so a resumed run can call it. */
  atEpoch(epoch: number): void;
}

/** Schema of {@link GradualUnfreezeOptions}. */
export const gradualUnfreezeOptions: OptionsSchema<GradualUnfreezeOptions, "every"> = optionsSchema<
  GradualUnfreezeOptions,
  "every"
>(
  {
    groups: { type: "array", description: "Groups of parameters, in the order in which they start to train" },
    every: { type: "integer", minimum: 1, default: 1, description: "Epochs from one group to the next" },
  },
  ["groups"],
);

/**
 * Unfreezes groups of parameters one after the other (ULMFiT, Howard & Ruder 2018, section 3.3). The first group trains from
 * this call on, and one more group joins after every `every` epochs. Parameters outside all groups are not changed.
 *
 * The groups that wait are frozen. A gradient of 0 would not be enough: Adam with weight decay would still change them and
 * count steps. Frozen parameters keep their state, and cost only their forward pass.
 *
 * It is not a hook, because a hook cannot keep a parameter from changing. In `model.fit`, use
 * `onEpochBegin: (epoch) => unfreezing.atEpoch(epoch)`. In `fineTune` of @graftjs/tuner, use the option `unfreeze`.
 *
 * @throws OptionsError if `every` is out of range; SelectionError if a group matches nothing.
 */
export function gradualUnfreeze(optimizer: HookedOptimizer, options: GradualUnfreezeOptions): GradualUnfreeze {
  const { groups, every } = gradualUnfreezeOptions.parse("gradual-unfreeze", options);
  const names = groups.map((group, i) => {
    const selected = selectParams(optimizer.params, group, `\`groups.${i}\` of \`gradual-unfreeze\``);
    return new Set(selected.map(({ name }) => name));
  });
  const atEpoch = (epoch: number): void => {
    const joined = names.slice(0, 1 + Math.floor(epoch / every));
    const trained = new Set(joined.flatMap((set) => [...set]));
    const waiting = new Set(names.flatMap((set) => [...set]).filter((name) => !trained.has(name)));
    if (waiting.size > 0) optimizer.freeze(({ name }) => waiting.has(name));
    optimizer.unfreeze(({ name }) => trained.has(name));
  };
  atEpoch(0);
  return {
    name: "gradual-unfreeze",
    atEpoch,
    runStart: ({ step, stepsPerEpoch }) => atEpoch(Math.floor(step / stepsPerEpoch)),
    epochEnd: ({ epoch }) => atEpoch(epoch + 1),
  };
}

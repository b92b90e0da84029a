import {
  type HookedOptimizer,
  type Observer,
  type OptionsSchema,
  optionsSchema,
  type Selector,
  selectParams,
} from "@graftjs/core";

export interface GradualUnfreezeOptions {
  /** Groups of parameters in the order in which they join, the head first. */
  readonly groups: readonly Selector[];
  /** Epochs from one group to the next, ≥ 1. @default 1 */
  readonly every?: number;
}

/** Follows the epochs: as an observer of a run, or by hand. */
export interface GradualUnfreeze extends Observer {
  /** Freezes and unfreezes for epoch `epoch`, counted from 0. Depends on nothing else: a resumed run calls it alike. */
  atEpoch(epoch: number): void;
}

export const gradualUnfreezeOptions: OptionsSchema<GradualUnfreezeOptions, "every"> = optionsSchema<
  GradualUnfreezeOptions,
  "every"
>(
  {
    groups: { type: "array", description: "Groups of parameters in the order in which they join" },
    every: { type: "integer", minimum: 1, default: 1, description: "Epochs from one group to the next" },
  },
  ["groups"],
);

/**
 * Gradual unfreezing (ULMFiT, Howard & Ruder 2018, section 3.3): trains the first group alone, and takes in the next every
 * `every` epochs; parameters in no group stay as the optimizer has them. Groups that wait are frozen, not given a gradient
 * of 0 (Adam with weight decay would move them, and its step count would run): their slots are kept, and what they cost
 * is their forward pass.
 *
 * No hook, since a hook cannot keep a parameter from moving. In `model.fit`: `onEpochBegin: (epoch) => it.atEpoch(epoch)`.
 * @throws OptionsError where `every` is out of range; SelectionError where a group matches nothing. The first group is
 *   alone from this call on.
 */
export function gradualUnfreeze(optimizer: HookedOptimizer, options: GradualUnfreezeOptions): GradualUnfreeze {
  const { groups, every } = gradualUnfreezeOptions.parse("gradual-unfreeze", options);
  const names = groups.map((group, i) => {
    const picked = selectParams(optimizer.params, group, `\`groups.${i}\` of \`gradual-unfreeze\``);
    return new Set(picked.map(({ name }) => name));
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

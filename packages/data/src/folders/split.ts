import { OptionsError, seeded } from "@graftjs/core";

/** Positions of the examples for training and for validation, each in ascending order. */
export interface Split {
  readonly train: readonly number[];
  readonly validation: readonly number[];
}

/** Checks the share of the examples that validate, before they are read. @throws OptionsError */
export function assertShare(validation: number): void {
  if (validation >= 0 && validation < 1) return;
  throw new OptionsError(`\`validation\` is ${validation}.`, "Give a share from 0 to below 1: 0.2.");
}

/**
 * Chooses the validation examples of each class at random, so that both parts have the classes in the same shares. A class with at least
 * two examples has at least one in each part. Equal seeds give equal parts, and a new class does not change the parts of the others.
 *
 * @param labels class of each example.
 * @param share of the examples that validate, from 0 to below 1.
 */
export function stratifiedSplit(
  labels: ArrayLike<number>,
  classes: readonly string[],
  share: number,
  seed: number,
): Split {
  const validates = new Uint8Array(labels.length);
  if (share > 0) {
    classes.forEach((name, label) => {
      const members = positions(labels.length).filter((i) => labels[i] === label);
      const count = Math.min(members.length - 1, Math.max(1, Math.round(share * members.length)));
      shuffle(members, seeded(seed, "validation", name));
      for (const i of members.slice(0, Math.max(0, count))) validates[i] = 1;
    });
  }
  const all = positions(labels.length);
  return { train: all.filter((i) => !validates[i]), validation: all.filter((i) => validates[i]) };
}

function positions(length: number): number[] {
  return Array.from({ length }, (_, i) => i);
}

/** Shuffles in place (Fisher and Yates). */
function shuffle(items: number[], random: () => number): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [items[i], items[j]] = [items[j] as number, items[i] as number];
  }
}

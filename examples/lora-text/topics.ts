// Reads texts by topic from Debian's fortunes. A file holds the texts of one topic, separated by lines with a percent sign.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { seeded } from "@graftjs/core";

export const TOPICS: readonly string[] = ["computers", "people", "politics", "science", "songs-poems", "work"];

/** Texts with the indices of their topics. */
export interface Labelled {
  readonly texts: readonly string[];
  readonly topics: readonly number[];
}

/** Reads `train` texts of each topic to train on and `test` others, chosen at random with `seed`. */
export function readTopics(
  train: number,
  test: number,
  seed = 1,
): { readonly train: Labelled; readonly test: Labelled } {
  const classes = TOPICS.map((topic) => {
    const file = readFileSync(join(import.meta.dirname, "files/fortunes", topic), "utf8");
    return [...new Set(file.split(/\n%\n/).map((text) => text.trim().replaceAll(/\s+/g, " ")))].filter(Boolean);
  });
  return split(classes, TOPICS, (text) => text, train, test, seed);
}

/** Chooses items of each class at random, and reads their texts. */
export function split(
  classes: readonly (readonly string[])[],
  names: readonly string[],
  read: (item: string) => string,
  train: number,
  test: number,
  seed: number,
): { readonly train: Labelled; readonly test: Labelled } {
  const chosen = classes.map((items, i) =>
    shuffled(items, seeded(seed, names[i] as string))
      .slice(0, train + test)
      .map(read),
  );
  const part = (from: number, to: number): Labelled => ({
    texts: chosen.flatMap((texts) => texts.slice(from, to)),
    topics: chosen.flatMap((texts, topic) => texts.slice(from, to).map(() => topic)),
  });
  return { train: part(0, train), test: part(train, train + test) };
}

function shuffled<T>(values: readonly T[], random: () => number): T[] {
  return values
    .map((value) => ({ value, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ value }) => value);
}

import { clean } from "./clean.ts";
import type { Passage } from "./passage.ts";

/** A habit that is counted: how it is found, and how often it may or must occur per 1,000 words. */
export interface Habit {
  readonly name: string;
  readonly limit: { readonly max: number } | { readonly min: number };
  /** Positions of the habit in a cleaned text. */
  find(text: string): number[];
}

/**
 * The habits whose rates are limited.
 * - "where": every use. A condition begins with "if" or "when".
 * - noun "what": every "what" that is not part of a question, such as "what X does" or "what is left". Name the thing instead.
 * - "if": conditions in plain English have it. A rate near zero means that another word stands in its place.
 */
export const HABITS: readonly Habit[] = [
  { name: "where", limit: { max: 2 }, find: (text) => positions(text, /\bwhere\b/gi) },
  {
    name: "what",
    limit: { max: 1.5 },
    find: (text) => positions(text, /\bwhat\b/gi).filter((index) => !inQuestion(text, index)),
  },
  { name: "if", limit: { min: 4 }, find: (text) => positions(text, /\bif\b/gi) },
];

/** Words and uses of each habit, in the order of `HABITS`. */
export interface Counts {
  readonly words: number;
  readonly uses: readonly number[];
}

/** Counts comments and documents. Messages do not count, because most of them are too short to have a rate. */
export function count(passages: readonly Passage[]): Counts {
  const uses = HABITS.map(() => 0);
  let words = 0;
  for (const passage of passages) {
    if (passage.kind === "message") continue;
    const text = clean(passage);
    words += positions(text, /[A-Za-z]+(?:['’-][A-Za-z]+)*/g).length;
    HABITS.forEach(({ find }, i) => {
      uses[i] = (uses[i] ?? 0) + find(text).length;
    });
  }
  return { words, uses };
}

/** Returns uses per 1,000 words; 0 without words. */
export function rate(uses: number, words: number): number {
  return words === 0 ? 0 : (1000 * uses) / words;
}

/** Says whether a rate keeps a habit's limit. */
export function keeps({ limit }: Habit, value: number): boolean {
  return "max" in limit ? value <= limit.max : value >= limit.min;
}

/** A sentence is a question if the first mark that ends a sentence after `index` is a question mark. */
function inQuestion(text: string, index: number): boolean {
  return /[.!?](?=\s|$)|\n\s*\n/.exec(text.slice(index))?.[0] === "?";
}

function positions(text: string, pattern: RegExp): number[] {
  return [...text.matchAll(pattern)].map(({ index }) => index);
}

import { clean } from "./clean.ts";
import { lineAt, type Passage } from "./passage.ts";

/** Words that are not used outside quotations and code, each with better ones. */
const FORBIDDEN: readonly (readonly [pattern: RegExp, advice: string])[] = [
  [/\banew\b/gi, "say again"],
  [/\bmend(s|ed|ing)?\b/gi, "say fix, fixes, fixed"],
  // Comparisons are plain English: no longer, no more than, no larger than.
  [
    /\b(is|are) no\b(?! +(longer|more|less|fewer|better|worse|\w+er than)\b)/gi,
    "say is not a, are not, has no or none",
  ],
];

/** A forbidden word and the place that it was found at. */
export interface Finding {
  readonly file: string;
  readonly line: number;
  readonly word: string;
  readonly advice: string;
}

/** Finds the forbidden words of comments, documents and messages. */
export function forbidden(passages: readonly Passage[]): Finding[] {
  return passages.flatMap((passage) => {
    const text = clean(passage);
    return FORBIDDEN.flatMap(([pattern, advice]) =>
      [...text.matchAll(pattern)].map(({ 0: word, index }) => ({
        file: passage.file,
        line: lineAt(passage, index),
        word,
        advice,
      })),
    );
  });
}

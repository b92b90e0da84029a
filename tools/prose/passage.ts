/** A piece of prose in a file: one comment, one document, or one message. */
export interface Passage {
  /** Path relative to the root of the repository. */
  readonly file: string;
  /** Line of the first character of `text`, counted from 1. */
  readonly line: number;
  /** The text with comment markers blanked out. It keeps its line breaks, so that a match knows its line. */
  readonly text: string;
  /** Only comments and documents count towards the rates. Messages are searched for forbidden words. */
  readonly kind: "comment" | "document" | "message";
}

/** Returns the line of the character at `index` of a passage's text. */
export function lineAt({ line, text }: Passage, index: number): number {
  return line + newlines(text.slice(0, index));
}

/** Counts the line breaks of a text. */
export function newlines(text: string): number {
  return text.split("\n").length - 1;
}

/** Replaces everything that is not a line break by spaces, so that positions and lines stay the same. */
export function blank(text: string): string {
  return text.replace(/[^\n]/g, " ");
}

import { blank, newlines, type Passage } from "./passage.ts";

/** Strings, then line comments, then block comments. A comment marker inside a string does not start a comment. */
const TOKENS = /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|(?<=^|[\s;{}(),])\/\/[^\n]*|\/\*[\s\S]*?\*\//gm;

/** Reads the comments of C, C++ and WGSL. `line` is the line of the source's first character. */
export function cComments(file: string, source: string, line = 1): Passage[] {
  const found: Passage[] = [];
  for (const { 0: token, index } of source.matchAll(TOKENS)) {
    if (!token.startsWith("/")) continue;
    found.push({
      file,
      line: line + newlines(source.slice(0, index)),
      text: withoutMarkers(token),
      kind: "comment",
    });
  }
  return joined(found);
}

/** Blanks out `//`, the frame of a block comment, and the stars at the beginnings of its lines. */
export function withoutMarkers(comment: string): string {
  if (comment.startsWith("//")) return comment.replace(/^\/\/[/!]?/, blank);
  return comment.replace(/^\/\*+!?|\*+\/$/g, blank).replace(/^[ \t]*\*(?!\*)/gm, blank);
}

/** Joins one-line comments on lines that follow each other: their sentences continue from line to line. */
export function joined(comments: readonly Passage[]): Passage[] {
  const result: Passage[] = [];
  for (const comment of comments) {
    const last = result.at(-1);
    if (last && last.line + newlines(last.text) + 1 === comment.line) {
      result[result.length - 1] = { ...last, text: `${last.text}\n${comment.text}` };
    } else result.push(comment);
  }
  return result;
}

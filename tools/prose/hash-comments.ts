import { joined } from "./c-comments.ts";
import { newlines, type Passage } from "./passage.ts";

/** Docstrings and comments. Other strings come first, because a `#` inside one does not start a comment. */
const TOKENS = /"""[\s\S]*?"""|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|(?<=^|\s)#[^\n]*/gm;

/** Reads the comments and docstrings of Python, and the comments of YAML and shell scripts. */
export function hashComments(file: string, source: string): Passage[] {
  const found: Passage[] = [];
  for (const { 0: token, index } of source.matchAll(TOKENS)) {
    if (!token.startsWith("#") && !token.startsWith('"""')) continue;
    found.push({
      file,
      line: 1 + newlines(source.slice(0, index)),
      text: token.replace(/^#!?|^"""|"""$/g, (marker) => " ".repeat(marker.length)),
      kind: "comment",
    });
  }
  return joined(found);
}

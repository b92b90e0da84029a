import { blank, type Passage } from "./passage.ts";

/** Parts of a text that are not the author's prose. The order matters, because a code block may hold quotation marks. */
const NOT_PROSE: readonly RegExp[] = [
  /^ *(```|~~~)[\s\S]*?^ *\1/gm, // fenced code
  /<!--[\s\S]*?-->/g,
  /\{@\w+ [^}]*\}/g, // {@link name}
  /@(?:param|typeParam|template) +[\w.[\]]+|@[a-zA-Z]+\b/g, // tags, with the name of the parameter
  /`[^`]*`/g,
  /"[^"\n]*(?:\n(?!\s*\n)[^"\n]*){0,2}"/g,
  /“[^”]*”/g,
  /\]\([^)\s]*\)/g, // address of a link
  /https?:\/\/\S+/g,
];

/** Parts that only documents have: the front matter of a changeset and indented code after an empty line. */
const NOT_PROSE_OF_DOCUMENTS: readonly RegExp[] = [/^---\n[\s\S]*?\n---$/m, /(?<=\n[ \t]*\n)(?: {4}.*(?:\n|$))+/g];

/** Blanks out code, quotations, addresses and tags. Positions and line breaks stay the same. */
export function clean({ text, kind }: Passage): string {
  const patterns = kind === "document" ? [...NOT_PROSE_OF_DOCUMENTS, ...NOT_PROSE] : NOT_PROSE;
  return patterns.reduce((rest, pattern) => rest.replace(pattern, blank), text);
}

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cComments } from "./c-comments.ts";
import { hashComments } from "./hash-comments.ts";
import type { Passage } from "./passage.ts";
import { scriptPassages } from "./script.ts";

/** Folders of tools, outputs and installed packages, at any depth. `.readme-*.ts` files are written by a test. */
const SKIPPED = /^(node_modules|dist|generated|coverage|__pycache__|\.(?!changeset$|ci$).*)$/;
/** Its strings are planted failures. */
const PLANTED = "tools/test/prose.test.ts";

/** Reader of a file by the end of its path. The first match counts; files without a match are not read. */
const READERS: readonly (readonly [end: RegExp, read: (file: string, source: string) => Passage[]])[] = [
  [/\.(m?[tj]s)$/, scriptPassages],
  [/\.(c|cc|h|inc|wgsl)$/, cComments],
  [/(\.py|pnpm-workspace\.yaml|^\.ci\/run)$/, hashComments],
  // Other Markdown files are tables that a test or bench writes.
  [/^[^/]+\.md$|^(docs|\.changeset)\/.*\.md$|\/(README|CHANGELOG)\.md$/, document],
];

/** Reads all prose under a folder: its comments, documents and messages, ordered by path. */
export function readProse(root: string): Passage[] {
  return paths(root, "")
    .flatMap((file) => {
      const read = READERS.find(([end]) => end.test(file))?.[1];
      return read ? read(file, readFileSync(join(root, file), "utf8")) : [];
    })
    .filter(({ file, kind }) => file !== PLANTED || kind !== "message");
}

function document(file: string, text: string): Passage[] {
  return [{ file, line: 1, text, kind: "document" }];
}

function paths(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter(({ name }) => !SKIPPED.test(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      return entry.isDirectory() ? paths(root, path) : entry.isFile() ? [path] : [];
    });
}

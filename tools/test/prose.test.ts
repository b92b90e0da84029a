import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readProse } from "../prose/files.ts";
import { forbidden } from "../prose/forbidden.ts";
import { listUses } from "../prose/list.ts";
import { problems } from "../prose/problems.ts";
import { count } from "../prose/rates.ts";
import { subjects, tooLong } from "../prose/subjects.ts";
import { table } from "../prose/table.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "graft-prose-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function plant(file: string, content: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), content);
}
const found = (): string[] => forbidden(readProse(root)).map(({ file, line, word }) => `${file}:${line} ${word}`);
const used = (): string[] => listUses(readProse(root)).map((line) => line.replace(/:[^:]*$/, ""));

it("finds forbidden words in comments of every language, in documents and in messages", () => {
  plant(
    "packages/a/src/a.ts",
    '/**\n * Reads it anew.\n */\nthrow new Error(`This is no hook.`);\nf("Mended and put back here.");\n',
  );
  plant("packages/a/src/b.mjs", "const a = 1; // mends the rest\n");
  plant("packages/a/native/c.cc", "int a; /* there is no\n   anew */\n");
  plant("packages/a/src/shader.ts", "const code = `\n  // anew\n  let a = 1;\n`;\n");
  plant("packages/a/test/d.py", '"""Mends it."""\nx = 1  # anew\n');
  plant("packages/a/README.md", "# A\n\nThese are no hooks.\n");
  plant(".changeset/a.md", '---\n"a": minor\n---\n\nMend it.\n');
  expect(found().sort()).toEqual([
    ".changeset/a.md:5 Mend",
    "packages/a/README.md:3 are no",
    "packages/a/native/c.cc:1 is no",
    "packages/a/native/c.cc:2 anew",
    "packages/a/src/a.ts:2 anew",
    "packages/a/src/a.ts:4 is no",
    "packages/a/src/a.ts:5 Mended",
    "packages/a/src/b.mjs:1 mends",
    "packages/a/src/shader.ts:2 anew",
    "packages/a/test/d.py:1 Mends",
    "packages/a/test/d.py:2 anew",
  ]);
});

it("ignores quotations, code, comparisons and the outputs of tools", () => {
  plant(
    "a.ts",
    '// "anew", `mend` and “is no hook” are quoted. It is no longer there and is no larger than one.\nconst x = "//anew";',
  );
  plant("README.md", "Text.\n\n    mend it\n\n```ts\n// anew\n```\n<!-- anew -->\n[this](anew.md) is a link\n");
  plant("packages/a/test/table.md", "anew\n");
  plant("node_modules/a/a.ts", "// anew\n");
  plant("packages/a/dist/a.js", "// anew\n");
  expect(found()).toEqual([]);
});

it("counts where, noun-what and if with their lines, and takes comments on following lines as one text", () => {
  plant(
    "a.ts",
    "// Runs where it can.\n// What is left stays. What does\n// it cost? Only if asked.\nconst where = 1;\n",
  );
  plant("b.ts", "/** Reads. @param what name of it. @throws Error if not */\n");
  const { words, uses } = count(readProse(root));
  expect(words).toBe(15 + 7);
  expect(uses).toEqual([1, 1, 2]);
  expect(used()).toEqual(["a.ts:1 where", "a.ts:2 what"]);
});

it("fails on rates of the whole repository, and shows the package that they come from", () => {
  const good = "If the file is missing, this function writes a new one. ";
  plant("packages/good/README.md", good.repeat(50));
  expect(problems(readProse(root))).toEqual([]);
  plant("packages/bad/README.md", "It runs where it can, and gives what it has. ".repeat(20));
  expect(problems(readProse(root)).map((line) => /"(\w+)"/.exec(line)?.[1])).toEqual(["where", "what"]);
  const rows = table(readProse(root)).split("\n");
  expect(rows.find((row) => row.startsWith("packages/bad"))?.match(/!/g)).toHaveLength(3);
  expect(rows.find((row) => row.startsWith("packages/good"))).not.toContain("!");
  rmSync(join(root, "packages/good"), { recursive: true });
  expect(problems(readProse(root)).map((line) => /"(\w+)"/.exec(line)?.[1])).toEqual(["where", "what", "if"]);
});

it("finds long subjects of commits, and skips them if the history is not there", () => {
  expect(tooLong(["a".repeat(72), "b".repeat(73)])).toEqual([expect.stringContaining("73 characters")]);
  expect(subjects(root)).toBeUndefined();
  const git = (...args: string[]): string =>
    spawnSync("git", ["-c", "user.name=a", "-c", "user.email=a@example.org", ...args], { cwd: root, encoding: "utf8" })
      .stdout;
  git("init", "-q");
  git("commit", "-q", "--allow-empty", "-m", "first");
  const first = git("rev-parse", "HEAD").trim();
  git("commit", "-q", "--allow-empty", "-m", "c".repeat(80));
  expect(subjects(root)).toBeUndefined();
  expect(subjects(root, first)).toEqual(["c".repeat(80)]);
});

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DataContext, DataSource } from "@graftjs/tuner";
import { afterAll, describe, expect, it } from "vitest";
import { plugins, readTexts, textReader } from "../src/index.ts";

const root = mkdtempSync(join(tmpdir(), "graft-texts-"));
afterAll(() => rmSync(root, { recursive: true }));

const file = (name: string, text: string): string => {
  mkdirSync(join(root, name, ".."), { recursive: true });
  writeFileSync(join(root, name), text);
  return join(root, name);
};
const messageOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "",
    ({ message }) => message,
  );
file("mails/ham/1.txt", "See you at 10, Ann!");
file("mails/ham/2.txt", "See the plan.");
file("mails/spam/1.txt", "WIN the prize, win it");
const TABLE = file(
  "mails.csv",
  'body,kind\n"See you at 10, Ann!",ham\nSee the plan.,ham\n"WIN the prize, win it",spam\n',
);

describe("readTexts", () => {
  it("numbers the words by frequency, then by the alphabet", async () => {
    for (const [path, options] of [
      [join(root, "mails"), {}],
      [TABLE, { column: "body", target: "kind" }],
    ] as const) {
      const { data, classes, counts, inputDim, reader } = await readTexts(path, { ...options, length: 5, words: 6 });
      // see 2, the 2, win 2, then 10, ann, at, it, plan, prize and you once.
      const vocabulary = ["see", "the", "win", "10", "ann", "at"];
      expect(reader).toEqual({
        use: "text",
        with: { length: 5, vocabulary, ...("column" in options ? { column: "body" } : {}) },
      });
      expect(inputDim).toBe(8);
      expect({ classes, counts }).toEqual({ classes: ["ham", "spam"], counts: [2, 1] });
      expect([...data.xs.values]).toEqual([2, 1, 7, 5, 6, 2, 3, 1, 0, 0, 4, 3, 1, 4, 1]);
      expect([...data.ys.values]).toEqual([1, 0, 1, 0, 0, 1]);
    }
  });

  it("takes the words of the training texts only", async () => {
    const { data, validation, reader } = await readTexts(join(root, "mails"), { validation: 0.5, length: 4 });
    expect([data.xs.shape, validation?.xs.shape]).toEqual([
      [2, 4],
      [1, 4],
    ]);
    const { vocabulary } = reader.with as { vocabulary: string[] };
    expect(vocabulary.includes("plan") !== vocabulary.includes("ann")).toBe(true);
  });

  it("keeps letters of every script, accents and apostrophes", async () => {
    file("words/a/1.txt", "Ça va, l’été? Не знаю. don't 数据");
    file("words/b/1.txt", "b");
    const { reader } = await readTexts(join(root, "words"));
    expect(reader.with).toMatchObject({ vocabulary: ["b", "don't", "l’été", "va", "ça", "знаю", "не", "数据"] });
  });

  it("counts tokens with a tokenizer of Hugging Face, which is stored with the model", async () => {
    const json = {
      ...{ version: "1.0", truncation: null, padding: null, normalizer: { type: "Lowercase" }, post_processor: null },
      ...{ pre_tokenizer: { type: "Whitespace" }, decoder: null },
      added_tokens: [
        { id: 3, content: "[PAD]", special: true, single_word: false, lstrip: false, rstrip: false, normalized: false },
      ],
      model: {
        type: "WordPiece",
        unk_token: "[UNK]",
        continuing_subword_prefix: "##",
        max_input_chars_per_word: 100,
        vocab: { "[UNK]": 0, see: 1, win: 2, "[PAD]": 3, pl: 4, "##an": 5 },
      },
    };
    const tokenizer = file("tok/tokenizer.json", JSON.stringify(json));
    const { data, reader, inputDim } = await readTexts(join(root, "mails"), { tokenizer, length: 4 });
    expect(inputDim).toBeUndefined();
    // "see the plan." has five tokens, of which the last one is kept.
    expect([...data.xs.values]).toEqual([1, 0, 0, 0, 1, 0, 4, 0, 2, 0, 0, 0]);
    const read = textReader(reader.with as never);
    expect([...(await read.read(file("n.txt", "plan"), (name) => import(name)))]).toEqual([4, 5, 3, 3]);
  });

  it("reads new texts from files and from tables with the column", async () => {
    const { reader } = await readTexts(TABLE, { column: "body", target: "kind", length: 3 });
    const read = textReader(reader.with as never);
    const install = <T>(name: string): Promise<T> => import(name);
    const single = [...(await read.read(file("new.txt", "win see Bob"), install))];
    expect(single.slice(0, 2)).toEqual([4, 2]);
    expect(single[2]).toBe(1);
    expect(await read.read(file("new.csv", "body\nwin\nsee\n"), install)).toHaveLength(6);
    expect(await messageOf(read.read(file("new.csv", "text\nwin\n"), install))).toMatch(
      /no column "body"[\s\S]*It has "text"/,
    );
  });

  it("says what is wrong and how to fix it", async () => {
    expect(await messageOf(readTexts(TABLE))).toMatch(/"column" and "target"[\s\S]*"body", "kind"/);
    expect(await messageOf(readTexts(TABLE, { column: "bod", target: "kind" }))).toMatch(/Did you mean `body`/);
    expect(await messageOf(readTexts(join(root, "mails"), { column: "body" }))).toMatch(/are for tables/);
    writeFileSync(file("latin/a/1.txt", ""), Buffer.from([0xe9, 0x20]));
    file("latin/b/1.txt", "b");
    expect(await messageOf(readTexts(join(root, "latin")))).toMatch(/"a\/1.txt": it is not a text in UTF-8/);
    expect(await messageOf(readTexts(join(root, "mails"), { tokenizer: join(root, "none.json") }))).toMatch(
      /none.json" cannot be read/,
    );
  });
});

it("keeps the vocabulary and the length of a tuned model", async () => {
  const source = plugins
    .find(({ kind, name }) => kind === "data-source" && name === "texts")
    ?.create({ path: "mails" } as never) as DataSource;
  const context = (more: object): DataContext => ({
    inputs: [{ name: "words", shape: [null, null] }],
    outputs: [{ name: "out", shape: [null, 2], sparse: true }],
    importPackage: (name) => import(name),
    ...more,
  });
  expect(await source.classes?.(root)).toEqual(["ham", "spam"]);
  const first = await source.read(root, context({}));
  expect(first).toMatchObject({ notes: ["3 texts in 2 classes: ham 2, spam 1"], data: { xs: { shape: [3, 64] } } });
  const stored = { use: "text", with: { length: 2, vocabulary: ["plan"] } };
  const further = await source.read(root, context({ reader: stored, classes: ["spam", "ham"] }));
  expect(further).toMatchObject({ reader: stored, classes: ["spam", "ham"] });
  expect(further.data).toMatchObject({ xs: { shape: [3, 2] }, ys: { values: Int32Array.from([1, 1, 0]) } });
  await expect(source.read(root, { ...context({}), inputs: [{ name: "x", shape: [null, 2, 3] }] })).rejects.toThrow(
    /is not a text/,
  );
});

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DataContext, DataSource } from "@graftjs/tuner";
import { afterAll, describe, expect, it } from "vitest";
import { plugins, readTable, tableReader } from "../src/index.ts";

const root = mkdtempSync(join(tmpdir(), "graft-tables-"));
afterAll(() => rmSync(root, { recursive: true }));

const file = (name: string, text: string): string => {
  writeFileSync(join(root, name), text);
  return join(root, name);
};
const messageOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "",
    ({ message }) => message,
  );

// A byte order mark, quotes, a line break within a cell, Windows line ends and an empty line at the end.
const PEOPLE = file(
  "people.csv",
  '\ufeffage,city,kind\r\n10,"Oslo, north",a\r\n20,Rome,b\r\n30,"Oslo, north",b\r\n40,"New\nYork",a\r\n\r\n',
);

it("keeps the encoding that is stored with a tuned model", async () => {
  const source = plugins
    .find(({ name }) => name === "table")
    ?.create({ path: PEOPLE, target: "kind" } as never) as DataSource;
  const columns = [{ name: "age", mean: 1, std: 2 }];
  const context = (more: object): DataContext => ({
    inputs: [{ name: "row", shape: [null, 1] }],
    outputs: [{ name: "out", shape: [null, 2], sparse: true }],
    importPackage: (name) => import(name),
    ...more,
  });
  const reader = { use: "table-rows", with: { columns } };
  const { data } = await source.read(root, context({ reader, classes: ["b", "a"] }));
  expect(data).toMatchObject({
    xs: { values: Float32Array.from([4.5, 9.5, 14.5, 19.5]) },
    ys: { values: Int32Array.from([1, 0, 0, 1]) },
  });
  await expect(source.read(root, context({ reader: { use: "table-rows", with: { columns: [{}] } } }))).rejects.toThrow(
    /base model's reader/,
  );
});

describe("readTable", () => {
  it("standardizes numbers and makes texts one-hot", async () => {
    const { data, classes, encoding, width, reader } = await readTable(PEOPLE, { target: "kind" });
    expect(classes).toEqual(["a", "b"]);
    // Mean 25 and deviation √125 of 10, 20, 30 and 40.
    expect(encoding).toEqual([
      { name: "age", mean: 25, std: Math.sqrt(125) },
      { name: "city", categories: ["New\nYork", "Oslo, north", "Rome"] },
    ]);
    expect(width).toBe(4);
    const z = [-15, -5, 5, 15].map((value) => Math.fround(value / Math.sqrt(125)));
    expect(data.xs.shape).toEqual([4, 4]);
    expect(Array.from(data.xs.values)).toEqual([z[0], 0, 1, 0, z[1], 0, 0, 1, z[2], 0, 1, 0, z[3], 1, 0, 0]);
    expect(Array.from(data.ys.values)).toEqual([1, 0, 0, 1, 0, 1, 1, 0]);
    expect(reader).toEqual({ use: "table-rows", with: { columns: encoding } });
  });

  it("gives the same values for TSV, JSONL and another delimiter", async () => {
    const rows = [
      ["x", "y"],
      ["1", "u"],
      ["3", "v"],
    ];
    const written = (delimiter: string): string => rows.map((row) => row.join(delimiter)).join("\n");
    const { data } = await readTable(file("t.csv", written(",")), { target: "y" });
    expect(Array.from(data.xs.values)).toEqual([-1, 1]);
    expect((await readTable(file("t.tsv", written("\t")), { target: "y" })).data).toEqual(data);
    expect((await readTable(file("semi.csv", written(";")), { target: "y", delimiter: ";" })).data).toEqual(data);
    expect((await readTable(file("t.jsonl", '{"x":1,"y":"u"}\n{"y":"v","x":3}\n'), { target: "y" })).data).toEqual(
      data,
    );
  });

  it("predicts numbers as numbers, or as classes if that is asked for", async () => {
    const path = file("numbers.csv", "x,y\n1,0\n2,1.5\n3,0\n");
    const { data, classes } = await readTable(path, { target: "y" });
    expect(classes).toBeUndefined();
    expect(data.ys).toEqual({ values: Float32Array.of(0, 1.5, 0), shape: [3, 1] });
    expect(await readTable(path, { target: "y", classify: true, labels: "index" })).toMatchObject({
      classes: ["0", "1.5"],
      data: { ys: { values: Int32Array.of(0, 1, 0) } },
    });
  });

  it("learns mean and deviation from the training rows only", async () => {
    const lines = Array.from({ length: 10 }, (_, i) => `${i},k`);
    const path = file("split.csv", ["x,y", ...lines, "100,l", "200,l"].join("\n"));
    const { data, validation, encoding } = await readTable(path, { target: "y", validation: 0.2, seed: 3 });
    expect([data.xs.shape, validation?.xs.shape]).toEqual([
      [9, 1],
      [3, 1],
    ]);
    const mean = Array.from(data.xs.values).reduce((sum, value) => sum + value, 0) / 9;
    expect(mean).toBeCloseTo(0, 5);
    expect(Array.from(data.xs.values).reduce((sum, value) => sum + value ** 2, 0) / 9).toBeCloseTo(1, 5);
    expect(encoding[0]?.mean).not.toBeCloseTo((45 + 300) / 12);
  });

  it("refuses missing cells, or imputes them", async () => {
    const path = file("missing.csv", "x,city,y\n1,Rome,a\n,Rome,b\n3,NA,a\n");
    expect(await messageOf(readTable(path, { target: "y" }))).toMatch(
      /Row 2, column "x": the value is missing[\s\S]*Row 3, column "city": the value is missing[\s\S]*"impute"/,
    );
    const { data } = await readTable(path, { target: "y", missing: "impute" });
    expect(Array.from(data.xs.values)).toEqual([-1, 1, 0, 1, 1, 0]);
    expect(await messageOf(readTable(path, { target: "city", missing: "impute" }))).toMatch(
      /no value in the target[\s\S]*rows 3/,
    );
  });

  it("names the line, the column or the file that cannot be used", async () => {
    expect(await messageOf(readTable(PEOPLE, { target: "kinds" }))).toMatch(
      /no column "kinds"[\s\S]*Did you mean `kind`/,
    );
    expect(await messageOf(readTable(file("uneven.csv", "x,y\n1,a\n2\n"), { target: "y" }))).toMatch(/line 3/);
    expect(await messageOf(readTable(file("twice.csv", "x,x,y\n1,2,a\n"), { target: "y" }))).toMatch(
      /"x" occurs twice/,
    );
    expect(await messageOf(readTable(file("empty.csv", "x,y\n"), { target: "y" }))).toMatch(/has no rows/);
    expect(await messageOf(readTable(file("bad.jsonl", '{"x":1}\n{x}\n{"x":[1]}\n'), { target: "x" }))).toMatch(
      /Line 2: it is not JSON[\s\S]*Line 3: "x" is not a number or a text/,
    );
    const names = ["name,y", ...Array.from({ length: 101 }, (_, i) => `n${i},a`)].join("\n");
    expect(await messageOf(readTable(file("names.csv", names), { target: "y" }))).toMatch(/101 different texts/);
    expect(await messageOf(readTable(join(root, "none.csv"), { target: "y" }))).toMatch(/does not exist/);
    expect(await messageOf(readTable(file("table.xlsx", ""), { target: "y" }))).toMatch(/is not a table[\s\S]*\.csv/);
  });
});

it("reads rows for predictions with the stored encoding, and names cells that it does not know", async () => {
  const { reader, data } = await readTable(PEOPLE, { target: "kind" });
  const { read, shape } = tableReader(reader.with as Parameters<typeof tableReader>[0]);
  expect(shape).toEqual([4]);
  const noPackage = (): never => {
    throw new Error("needs no package");
  };
  expect(await read(PEOPLE, noPackage)).toEqual(data.xs.values);
  expect(Array.from(await read(file("new.csv", "city,age\nRome,25\n"), noPackage))).toEqual([0, 0, 0, 1]);
  expect(await messageOf(read(file("other.csv", "city,age\nParis,x\n"), noPackage))).toMatch(
    /Row 1, column "age": "x" is not a number[\s\S]*"Paris" is not among the texts/,
  );
  expect(await messageOf(read(file("lacking.csv", "age\n1\n"), noPackage))).toMatch(/no column "city"/);
});

it("the data source `table` checks the width of the model's input and describes the columns", async () => {
  const plugin = plugins.find(({ name }) => name === "table");
  const source = plugin?.create({ path: "people.csv", target: "kind", validation: 0.5 }) as DataSource;
  const context = (width: number): DataContext => ({
    inputs: [{ name: "in", shape: [null, width] }],
    outputs: [{ name: "out", shape: [null, 2], sparse: false }],
    importPackage: (name) => import(name),
  });
  expect(await source.classes?.(root)).toEqual(["a", "b"]);
  expect(await messageOf(Promise.resolve(source.read(root, context(9))))).toMatch(
    /A row becomes \d values, but the model takes \[any, 9\]/,
  );
  const all = plugin?.create({ path: "people.csv", target: "kind" }) as DataSource;
  expect((await all.read(root, context(4))).notes).toEqual([
    "4 rows",
    "columns  age number, city 3 categories",
    "target   kind: 2 classes, a, b",
  ]);
});

import { expect, it } from "vitest";
import type { Described } from "../options-docs/described.ts";
import { writeTables } from "../options-docs/markers.ts";
import { problems } from "../options-docs/problems.ts";
import { optionsTable, typeOf } from "../options-docs/table.ts";

const clip: Described = {
  name: "clip",
  schema: {
    properties: {
      norm: { type: "number", exclusiveMinimum: 0, description: "Largest norm" },
      mode: { enum: ["a", "b"], default: "a", description: "One of | two" },
    },
    required: ["norm"],
  },
};
const around: Described = {
  name: "around",
  schema: {
    properties: {
      rule: { plugin: "rule", description: "The rule inside", codeOnly: true },
      norm: clip.schema.properties?.norm ?? {},
    },
    required: ["norm"],
  },
};
const readme = (table: string, names = "clip"): string =>
  `# A\n\n<!-- options:${names} -->\n${table}<!-- /options -->\n\nEnd.\n`;

it("writes type, bounds, default and description of each option", () => {
  expect(optionsTable([clip])).toBe(
    [
      "| option | type | default | description |",
      "| --- | --- | --- | --- |",
      "| `norm` | `number > 0` | required | Largest norm |",
      '| `mode` | `"a" \\| "b"` | `"a"` | One of \\| two |',
    ].join("\n"),
  );
  expect(typeOf({ anyOf: [{ type: "integer", minimum: 1, maximum: 64 }, { enum: ["auto"] }] })).toBe(
    'integer ≥ 1, ≤ 64 | "auto"',
  );
  expect(typeOf({ type: "array", items: { type: "string" } })).toBe("string[]");
  expect(typeOf({ type: "object", additionalProperties: { type: "number" } })).toBe("{ [name]: number }");
  expect(typeOf({ type: "object", additionalProperties: { plugin: "hook" } })).toBe("{ [name]: hook }");
  expect(optionsTable([{ ...clip, schema: { properties: { e: { type: "number", default: 1e-6 } } } }])).toContain(
    "`1e-6`",
  );
});

it("gives an option that several plugins share one row, and names the plugins", () => {
  const rows = optionsTable([clip, around]).split("\n").slice(2);
  expect(
    rows.map((row) =>
      row
        .split("|")
        .slice(1, 3)
        .map((cell) => cell.trim()),
    ),
  ).toEqual([
    ["`clip`, `around`", "`norm`"],
    ["`clip`", "`mode`"],
    ["`around`", "`rule`"],
  ]);
  expect(rows[2]).toContain("| `rule` | `rule` |  | The rule inside. In code only |");
});

it("lists the parts of an option that is an object, and finds one without description", () => {
  const guard = {
    properties: { policy: { enum: ["throw", "skip"], default: "throw", description: "Reaction" } },
    default: { policy: "throw" },
  };
  const steps = {
    type: "array",
    items: { type: "object", properties: { epoch: { type: "integer", description: "First epoch" } } },
  };
  const nested: Described = {
    name: "run",
    schema: { properties: { guard: { ...guard, type: "object", description: "Guard" }, steps } },
  };
  expect(optionsTable([nested]).split("\n").slice(2)).toEqual([
    "| `guard` | `{ policy }` |  | Guard |",
    '| `guard.policy` | `"throw" \\| "skip"` | `"throw"` | Reaction |',
    "| `steps` | `{ epoch }[]` |  |  |",
    "| `steps[].epoch` | `integer` |  | First epoch |",
  ]);
  const readmeOf = writeTables(readme("", "run"), [nested]).text;
  expect(problems("README.md", readmeOf, [nested])).toEqual([
    expect.stringContaining('"steps" of "run" has no description'),
  ]);
});

it("replaces the text between markers and nothing else", () => {
  const { text } = writeTables(readme("old\n"), [clip]);
  expect(text).toBe(readme(`${optionsTable([clip])}\n`));
  expect(writeTables(text, [clip]).text).toBe(text);
});

it("finds a changed default, a missing table, an unknown name and an option without description", () => {
  const good = writeTables(readme(""), [clip]).text;
  expect(problems("README.md", good, [clip])).toEqual([]);
  const { mode = {}, norm = {} } = clip.schema.properties ?? {};
  const changed = { ...clip, schema: { ...clip.schema, properties: { norm, mode: { ...mode, default: "b" } } } };
  expect(problems("README.md", good, [changed])).toEqual([expect.stringContaining("out of date")]);
  expect(problems("README.md", "# A\n", [clip])).toEqual([
    expect.stringContaining("options of clip are not documented"),
  ]);
  expect(problems("README.md", good, [clip, around])).toEqual([expect.stringContaining("options of around are not")]);
  expect(problems("README.md", `${good}${readme("", "clop")}`, [clip])).toEqual([expect.stringContaining('"clop"')]);
  const silent = { ...clip, schema: { properties: { norm: { type: "number" } } } };
  expect(problems("README.md", writeTables(good, [silent]).text, [silent])).toEqual([
    expect.stringContaining('option "norm" of "clip" has no description'),
  ]);
});

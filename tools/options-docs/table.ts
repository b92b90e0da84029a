import { type Described, type JsonSchema, optionsIn } from "./described.ts";

/**
 * Writes the options as a Markdown table. With several sets of options, the first column has the names they belong to. An
 * option that several sets share has one row.
 */
export function optionsTable(sets: readonly Described[]): string {
  const named = sets.length > 1;
  const rows = grouped(sets).flatMap(({ names, rows }) =>
    rows.map((cells, i) => (named ? [i === 0 ? names.map(code).join(", ") : "", ...cells] : cells)),
  );
  const head = [...(named ? ["for"] : []), "option", "type", "default", "description"];
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** Rows by the sets that have them, in the order in which they first occur. */
function grouped(sets: readonly Described[]): { names: readonly string[]; rows: string[][] }[] {
  const owners = new Map<string, { cells: string[]; names: string[] }>();
  for (const set of sets) {
    for (const cells of rowsOf(set)) {
      const key = JSON.stringify(cells);
      const owner = owners.get(key) ?? { cells, names: [] };
      owners.set(key, { cells, names: [...owner.names, set.name] });
    }
  }
  const groups = new Map<string, { names: readonly string[]; rows: string[][] }>();
  for (const { cells, names } of owners.values()) {
    const group = groups.get(names.join()) ?? { names, rows: [] };
    groups.set(names.join(), group);
    group.rows.push(cells);
  }
  return [...groups.values()];
}

function rowsOf({ schema }: Described): string[][] {
  return optionsIn(schema).map(({ path, option, required, inner }) => {
    const { description = "", codeOnly = false } = option;
    const type = typeOf(option);
    const value = required ? "required" : inner ? "" : defaultOf(option);
    return [code(path), type && code(type), value, inCell(codeOnly ? `${description}. In code only` : description)];
  });
}

/** An option with more names than this shows its type as `name`. */
const LONG = 6;

/** Type of an option in TypeScript's notation, with its bounds. Options of any type have none; their description says more. */
export function typeOf(schema: JsonSchema): string {
  if (schema.plugin) return schema.plugin;
  if (schema.anyOf) return schema.anyOf.map(typeOf).filter(Boolean).join(" | ");
  // A long list of names would make the table unreadable. The text around the table has them.
  if (schema.enum && schema.enum.length > LONG) return "name";
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.type === "array") {
    const item = typeOf(schema.items ?? {});
    return item === "" ? "array" : /[ |]/.test(item) && !item.startsWith("{") ? `(${item})[]` : `${item}[]`;
  }
  if (schema.type === "object") {
    const { properties, additionalProperties } = schema;
    if (properties) return `{ ${Object.keys(properties).join(", ")} }`;
    const value = typeof additionalProperties === "object" ? typeOf(additionalProperties) : "";
    return value === "" ? "object" : `{ [name]: ${value} }`;
  }
  return [schema.type ?? "", boundsOf(schema)].filter(Boolean).join(" ");
}

function boundsOf({ minimum, exclusiveMinimum, maximum, exclusiveMaximum }: JsonSchema): string {
  const bounds: string[] = [];
  if (minimum !== undefined) bounds.push(`≥ ${minimum}`);
  if (exclusiveMinimum !== undefined) bounds.push(`> ${exclusiveMinimum}`);
  if (maximum !== undefined) bounds.push(`≤ ${maximum}`);
  if (exclusiveMaximum !== undefined) bounds.push(`< ${exclusiveMaximum}`);
  return bounds.join(", ");
}

function defaultOf({ default: value }: JsonSchema): string {
  if (value === undefined) return "";
  const small = typeof value === "number" && value !== 0 && Math.abs(value) < 1e-3;
  return code(small ? value.toExponential() : JSON.stringify(value));
}

const code = (text: string): string => `\`${inCell(text)}\``;
const inCell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");

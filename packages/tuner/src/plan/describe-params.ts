import { isTrained, matcher, type Param, type ParamInfo, type Selector } from "@graftjs/core";

/**
 * Formats a table of the parameters: name, shape, number of values, and the labels of the matching selectors. Below the table, each
 * selector has a line with its number of values, their share of all values, and their bytes as float32.
 *
 * @param selectors selectors by label. @default { trained: "all" } over the parameters that are trainable
 * @throws SelectionError if a selector matches nothing.
 */
export function describeParams(
  params: readonly (Param | ParamInfo)[],
  selectors: { readonly [label: string]: Selector } = {
    trained: (param) => !("variable" in param) || isTrained(param as Param),
  },
): string {
  const columns = Object.entries(selectors).map(([label, selector]) => ({
    label,
    select: matcher(params, selector, `\`${label}\``),
  }));
  const rows = params.map((param) => [
    param.name,
    `[${param.shape}]`,
    String(sizeOf(param)),
    ...columns.map(({ label, select }) => (select(param) ? label : "")),
  ]);
  const total = params.reduce((sum, param) => sum + sizeOf(param), 0);
  const sums = columns.map(({ label, select }) => {
    const size = params.filter(select).reduce((sum, param) => sum + sizeOf(param), 0);
    const share = total === 0 ? 0 : (100 * size) / total;
    return `${label}: ${size} of ${total} (${share.toFixed(1)} %), ${bytes(4 * size)} of ${bytes(4 * total)}`;
  });
  return [...table([["parameter", "shape", "numbers", ...columns.map(() => "")], ...rows]), ...sums].join("\n");
}

function sizeOf({ shape }: ParamInfo): number {
  return shape.reduce((a, b) => a * b, 1);
}

function bytes(count: number): string {
  if (count < 1024) return `${count} B`;
  return count < 1024 ** 2 ? `${(count / 1024).toFixed(1)} kB` : `${(count / 1024 ** 2).toFixed(1)} MB`;
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, k) => Math.max(...rows.map((row) => (row[k] ?? "").length)));
  return rows.map((row) =>
    row
      .map((cell, k) => (k === 2 ? cell.padStart(widths[k] as number) : cell.padEnd(widths[k] as number)))
      .join("  ")
      .trimEnd(),
  );
}

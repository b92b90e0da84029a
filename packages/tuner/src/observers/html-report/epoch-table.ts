import { isConfusion } from "../is-confusion.ts";
import { escaped } from "./escaped.ts";

/** Draws one row per epoch with all its numbers, counts of a confusion matrix excepted. The row of the best epoch is bold. */
export function epochTable(rows: readonly Readonly<Record<string, number>>[], best: number | undefined): string {
  const keys = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter((key) => !isConfusion(key));
  const head = keys.map((key) => `<th scope="col">${escaped(key)}</th>`).join("");
  const cell = (key: string, value: number | undefined): string =>
    `<td>${value === undefined ? "" : key === "epoch" ? value : value.toPrecision(5)}</td>`;
  const body = rows.map(
    (row) => `<tr${row.epoch === best ? ' class="best"' : ""}>${keys.map((key) => cell(key, row[key])).join("")}</tr>`,
  );
  return `<div class="wide"><table><thead><tr>${head}</tr></thead><tbody>${body.join("")}</tbody></table></div>`;
}

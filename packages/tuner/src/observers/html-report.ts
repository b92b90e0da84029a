import type { Observer } from "@graftjs/core";
import { writeFileAtomic } from "../files/write-atomic.ts";

export interface HtmlReportOptions {
  /** Path of the file (Node), or a function that gets the page. */
  readonly to: string | ((html: string) => void | Promise<void>);
  /** @default "Fine-tuning" */
  readonly title?: string;
}

/**
 * Writes an HTML page without scripts or external files when the run ends, also after an error. It has curves by epoch, a table, and the
 * loss by step. Epochs before a resume are included; the curve by step starts at the resume.
 */
export function htmlReport({ to, title = "Fine-tuning" }: HtmlReportOptions): Observer {
  let rows: Readonly<Record<string, number>>[] = [];
  let losses: number[] = [];
  let about = "";
  return {
    name: "html-report",
    runStart({ params, epochs, batchSize, stepsPerEpoch, earlier = [] }) {
      rows = earlier.map(({ epoch, seconds, logs }) => ({ epoch: epoch + 1, seconds, ...logs }));
      losses = [];
      about = `${params.length} parameters trained, ${epochs} epochs of ${stepsPerEpoch} steps, batches of ${batchSize}`;
    },
    stepEnd({ loss }) {
      if (loss !== undefined) losses.push(loss);
    },
    epochEnd({ epoch, seconds, logs }) {
      rows.push({ epoch: epoch + 1, seconds, ...logs });
    },
    async runEnd({ steps, seconds, error }) {
      const ended = error === undefined ? "" : `<p class="error">Ended by: ${escaped(String(error))}</p>`;
      const keys = [...new Set(rows.flatMap((row) => Object.keys(row)))];
      const curves = keys
        .filter((key) => key !== "epoch" && key !== "seconds" && !key.startsWith("val_"))
        .map((key) =>
          figure(
            key,
            [key, `val_${key}`].filter((k) => keys.includes(k)),
            rows,
          ),
        );
      const html = page(
        title,
        `<p>${escaped(about)}. ${steps} steps in ${seconds.toFixed(1)} s.</p>${ended}${stepCurve(losses)}${curves.join("")}${table(keys, rows)}`,
      );
      if (typeof to === "string") await writeFileAtomic(to, new TextEncoder().encode(html));
      else await to(html);
    },
  };
}

function stepCurve(losses: readonly number[]): string {
  return losses.length > 1
    ? figure(
        "loss by step",
        ["loss"],
        losses.map((loss) => ({ loss })),
      )
    : "";
}

const COLOURS = ["#1f77b4", "#ff7f0e"];

function figure(title: string, keys: readonly string[], rows: readonly Readonly<Record<string, number>>[]): string {
  const all = rows.flatMap((row) => keys.map((key) => row[key])).filter((v): v is number => Number.isFinite(v));
  if (all.length === 0) return "";
  const low = all.reduce((a, b) => Math.min(a, b));
  const high = all.reduce((a, b) => Math.max(a, b));
  const [w, h] = [480, 160];
  const lines = keys.map((key, k) => {
    const points = rows.flatMap((row, i) => {
      const value = row[key];
      if (value === undefined || !Number.isFinite(value)) return [];
      const x = rows.length > 1 ? (i / (rows.length - 1)) * w : w / 2;
      return [`${x.toFixed(1)},${(h - ((value - low) / (high - low || 1)) * h).toFixed(1)}`];
    });
    return `<polyline fill="none" stroke="${COLOURS[k % 2]}" stroke-width="2" points="${points.join(" ")}"/>`;
  });
  const legend = keys.map((key, k) => `<span style="color:${COLOURS[k % 2]}">${escaped(key)}</span>`).join(" ");
  return `<figure><figcaption>${escaped(title)}: ${legend}, ${low.toPrecision(4)} to ${high.toPrecision(4)}</figcaption><svg viewBox="0 -4 ${w} ${h + 8}" role="img" aria-label="${escaped(title)}">${lines.join("")}</svg></figure>`;
}

function table(keys: readonly string[], rows: readonly Readonly<Record<string, number>>[]): string {
  const head = keys.map((key) => `<th>${escaped(key)}</th>`).join("");
  const cell = (key: string, value: number | undefined): string =>
    `<td>${value === undefined ? "" : key === "epoch" ? value : value.toPrecision(5)}</td>`;
  const body = rows.map((row) => `<tr>${keys.map((key) => cell(key, row[key])).join("")}</tr>`).join("");
  return `<table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table>`;
}

function page(title: string, body: string): string {
  const style =
    "body{font:14px/1.5 system-ui;margin:2rem auto;max-width:52rem}svg{width:100%;height:auto;border:1px solid #ccc}table{border-collapse:collapse}td,th{padding:.2rem .6rem;text-align:right}.error{color:#b00}";
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escaped(title)}</title><style>${style}</style><h1>${escaped(title)}</h1>${body}</html>\n`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

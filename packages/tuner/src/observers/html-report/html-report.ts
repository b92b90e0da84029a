import type { Observer, RunStart } from "@graftjs/core";
import { writeFileAtomic } from "../../files/write-atomic.ts";
import { chart } from "./chart.ts";
import { isConfusion } from "../is-confusion.ts";
import { confusionTable } from "./confusion-table.ts";
import { epochTable } from "./epoch-table.ts";
import { escaped } from "./escaped.ts";
import { facts, page } from "./page.ts";
import { type PictureRow, pictureRows } from "./picture-rows.ts";

export interface HtmlReportOptions {
  /** Path of the file (Node), or a function that gets the page. */
  readonly to: string | ((html: string) => void | Promise<void>);
  /** @default "Fine-tuning" */
  readonly title?: string;
  /** Names of the classes for the confusion matrix, in order. @default the numbers of the classes */
  readonly classes?: readonly string[];
  /** Facts to show by label, for example the model and the data. @default none */
  readonly details?: Readonly<Record<string, string>>;
  /** Returns pictures of the data with the model's answers, for the end of the page. Called when the run has ended without an error. */
  readonly pictures?: () => Promise<readonly PictureRow[]>;
  /** Whether the page is also made after each epoch. @default false */
  readonly everyEpoch?: boolean;
}

/** The logs of an epoch, and its number from 1. */
type Row = Readonly<Record<string, number>>;

/**
 * Writes an HTML page without scripts or external files when the run ends, also after an error. It has curves by epoch and by step, the
 * learning rate, a table, and the confusion matrix if the metric `confusion` is on. Epochs before a resume are included; the curves by
 * step start at the resume.
 */
export function htmlReport({
  to,
  title = "Fine-tuning",
  classes = [],
  details = {},
  pictures,
  everyEpoch = false,
}: HtmlReportOptions): Observer {
  let rows: Row[] = [];
  let steps: { readonly step: number; readonly loss: number | undefined; readonly learningRate: number }[] = [];
  let start: RunStart | undefined;
  const write = async (ended: string, progress: string, last?: HtmlReportOptions["pictures"]): Promise<void> => {
    const best = bestOf(rows);
    const about = facts([
      ...(start ? aboutRun(start) : []),
      ["steps", progress],
      ...(best ? ([["best epoch", `${best.epoch}, ${best.key} ${best.value.toPrecision(4)}`]] as const) : []),
      ...Object.entries(details),
    ]);
    const charts = `<div class="charts">${[...epochCharts(rows), ...stepCharts(steps)].join("")}</div>`;
    const shown = last ? await pictureRows(await last()) : "";
    const html = page(
      title,
      `${ended}${about}${charts}${confusionTable(rows, classes)}${shown}<h2>Epochs</h2>${epochTable(rows, best?.epoch)}`,
    );
    if (typeof to === "string") await writeFileAtomic(to, new TextEncoder().encode(html));
    else await to(html);
  };
  return {
    name: "html-report",
    runStart(run) {
      start = run;
      rows = (run.earlier ?? []).map(({ epoch, seconds, logs }) => ({ epoch: epoch + 1, seconds, ...logs }));
      steps = [];
    },
    stepEnd({ step, loss, learningRate }) {
      steps.push({ step, loss, learningRate });
    },
    async epochEnd({ epoch, step, seconds, logs }) {
      rows.push({ epoch: epoch + 1, seconds, ...logs });
      if (everyEpoch) await write("", `${step} so far`);
    },
    async runEnd({ steps: taken, seconds, error }) {
      const ended = error === undefined ? "" : `<p class="error">Ended by: ${escaped(String(error))}</p>`;
      await write(ended, `${taken} in ${seconds.toFixed(1)} s`, error === undefined ? pictures : undefined);
    },
  };
}

function aboutRun({ params, epochs, stepsPerEpoch, batchSize }: RunStart): (readonly [string, string])[] {
  const values = params.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  const layers = new Set(params.map(({ layer }) => layer)).size;
  return [
    ["trained", `${values} values in ${params.length} parameters of ${layers} ${layers === 1 ? "layer" : "layers"}`],
    ["run", `${epochs} epochs of ${stepsPerEpoch} steps, batches of ${batchSize}`],
  ];
}

/** Finds the epoch with the lowest validation loss, or with the lowest loss if the run has no validation. */
function bestOf(
  rows: readonly Row[],
): { readonly epoch: number; readonly key: string; readonly value: number } | undefined {
  for (const key of ["val_loss", "loss"]) {
    const finite = rows.filter((row) => Number.isFinite(row[key]));
    const [first, ...rest] = finite;
    if (!first) continue;
    const best = rest.reduce((a, b) => ((b[key] as number) < (a[key] as number) ? b : a), first);
    return { epoch: best.epoch as number, key, value: best[key] as number };
  }
  return undefined;
}

function epochCharts(rows: readonly Row[]): string[] {
  const keys = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter((key) => !isConfusion(key));
  const names = keys.filter((key) => key !== "epoch" && key !== "seconds").map((key) => key.replace(/^val_/, ""));
  return [...new Set(names)].map((name) =>
    chart(
      name,
      "epoch",
      [name, `val_${name}`]
        .filter((key) => keys.includes(key))
        .map((key) => ({
          name: key.startsWith("val_") ? "validation" : "training",
          points: rows.map((row) => [row.epoch as number, row[key] ?? Number.NaN] as const),
        })),
    ),
  );
}

function stepCharts(
  steps: readonly { readonly step: number; readonly loss: number | undefined; readonly learningRate: number }[],
): string[] {
  if (steps.length < 2) return [];
  const curve = (name: string, value: (at: (typeof steps)[number]) => number | undefined): string =>
    chart(name, "step", [{ name, points: steps.map((at) => [at.step, value(at) ?? Number.NaN] as const) }]);
  return [curve("loss", ({ loss }) => loss), curve("learning rate", ({ learningRate }) => learningRate)];
}

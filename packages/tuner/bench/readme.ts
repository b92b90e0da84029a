// `tsx bench/readme.ts` writes the measured figures into README.md, between its markers. The bench calls it at its end.
import { readFileSync, writeFileSync } from "node:fs";

interface Row {
  readonly backend: string;
  readonly peer: string;
  readonly task: string;
  readonly epochs: number;
  readonly seconds: number;
  readonly setupSeconds?: number;
  readonly peakRss: number;
}

const NAMES: Readonly<Record<string, string>> = {
  graft: "`fineTune`",
  stock: "stock `model.fit`",
  fit: "`model.fit` on our kernels",
  usual: "PyTorch, trunk run every epoch",
};
const TASKS: Readonly<Record<string, string>> = { last4: "last four blocks and head", head: "head" };

const { rows, epochs, run } = JSON.parse(readFileSync(new URL("results.json", import.meta.url), "utf8")) as {
  readonly rows: readonly Row[];
  readonly run?: { readonly complete: boolean };
  readonly epochs: number;
};
const whole = (row: Row): number => {
  const { seconds, setupSeconds = 0 } = row;
  return setupSeconds + ((seconds - setupSeconds) * epochs) / row.epochs;
};
const counted = rows.every(({ setupSeconds }) => setupSeconds !== undefined)
  ? "Time is counted from the start of the process."
  : "Time is counted from the call of `fineTune` or `fit`. For all peers, it does not include loading kernels, model and data.";
const sideBySide = run?.complete
  ? ""
  : run
    ? " Not all rows were measured in the same run of the bench."
    : " It is not recorded whether all rows were measured in the same run of the bench.";
/** Finds our row with the same backend. PyTorch has none, because it is compared with all our backends. */
const oursFor = (row: Row): Row | undefined =>
  rows.find(({ peer, task, backend }) => peer === "graft" && task === row.task && backend === row.backend);
const times = (row: Row): string => {
  const ours = oursFor(row);
  if (!ours || ours === row) return "";
  return `${(whole(row) / whole(ours)).toFixed(2)}×, ${(ours.peakRss / row.peakRss).toFixed(2)} of its memory`;
};
const against = (row: Row): string =>
  row.peer === "usual"
    ? rows
        .filter(({ peer, task }) => peer === "graft" && task === row.task)
        .map((ours) => `${(whole(row) / whole(ours)).toFixed(2)}× (${ours.backend})`)
        .join(", ")
    : times(row);
const table = [
  `${counted}${sideBySide}`,
  "",
  `| trained | backend | by | seconds for ${epochs} epochs | epochs run | peak RSS, GB | \`fineTune\` is faster by |`,
  "|---|---|---|---|---|---|---|",
  ...Object.keys(TASKS)
    .flatMap((task) => rows.filter((row) => row.task === task))
    .map(
      (row) =>
        `| ${TASKS[row.task]} | ${row.backend} | ${NAMES[row.peer] ?? row.peer} | ${whole(row).toFixed(1)} | ${row.epochs} | ${(row.peakRss / 1e9).toFixed(2)} | ${against(row)} |`,
    ),
];

const path = new URL("../README.md", import.meta.url);
const text = readFileSync(path, "utf8");
const marker = /(<!-- bench:tuner -->\n)[\s\S]*?(\n<!-- \/bench -->)/;
if (!marker.test(text)) throw new Error("README.md has no marker bench:tuner. Add the comments for its start and end.");
writeFileSync(
  path,
  text.replace(marker, (_, open: string, close: string) => open + table.join("\n") + close),
);

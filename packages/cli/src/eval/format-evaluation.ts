import { printableName } from "../terminal/printable.ts";
import { textTable } from "../terminal/text-table.ts";
import type { Evaluation } from "./evaluation.ts";

/** A larger matrix does not fit on a terminal. Its largest entries are listed instead. */
const MOST_COLUMNS = 12;

/** Number of confusions that are listed if the matrix is too large. */
const LISTED = 10;

/** Formats an evaluation for a terminal: accuracy, a table of the classes, the confusion matrix, the worst files. */
export function formatEvaluation(evaluation: Evaluation): string {
  const { accuracy, correct, examples, classes, worst } = evaluation;
  const figures = table([
    ["class", "examples", "precision", "recall", "F1"],
    ...classes.map(({ name, examples: count, precision, recall, f1 }) => [
      printableName(name),
      String(count),
      ...[precision, recall, f1].map(percentage),
    ]),
  ]);
  const files = worst.map(
    ({ file, class: own, predicted, probability, predictedProbability }) =>
      `  ${printableName(file)}: ${printableName(own)} ${percentage(probability)}` +
      (own === predicted ? "" : `, but predicted ${printableName(predicted)} ${percentage(predictedProbability)}`),
  );
  return [
    `accuracy ${percentage(accuracy)} (${correct} of ${examples})`,
    figures,
    confusions(evaluation),
    ...(files.length > 0 ? [["Files with the lowest probability of their own class:", ...files].join("\n")] : []),
  ].join("\n\n");
}

function confusions({ classes, confusion }: Evaluation): string {
  const names = classes.map(({ name }) => printableName(name));
  if (names.length <= MOST_COLUMNS)
    return table([
      ["class \\ predicted", ...names],
      ...confusion.map((row, i) => [names[i] as string, ...row.map((count) => (count === 0 ? "·" : String(count)))]),
    ]);
  const wrong = confusion
    .flatMap((row, i) => row.map((count, j) => ({ count: i === j ? 0 : count, own: names[i], predicted: names[j] })))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count);
  const lines = wrong
    .slice(0, LISTED)
    .map(({ count, own, predicted }) => `  ${own} predicted as ${predicted}: ${count}`);
  return lines.length > 0 ? ["Most frequent confusions:", ...lines].join("\n") : "No class was confused with another.";
}

function table(rows: readonly (readonly string[])[]): string {
  return textTable(rows, "right").join("\n");
}

function percentage(value: number | undefined): string {
  return value === undefined ? "-" : `${(100 * value).toFixed(1)} %`;
}

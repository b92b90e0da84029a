import { escaped } from "./escaped.ts";

type Logs = Readonly<Record<string, number>>;

/**
 * Draws the confusion matrix of the last epoch that has one, of validation examples if there are any. A row is a true class, a
 * column a predicted one. Without the metric `confusion`, returns "".
 *
 * @param classes names of the classes, in order. A class without a name is shown by its number.
 */
export function confusionTable(epochs: readonly Logs[], classes: readonly string[]): string {
  for (const prefix of ["val_confusion_", "confusion_"]) {
    const logs = epochs.findLast((epoch) => `${prefix}0_0` in epoch);
    if (!logs) continue;
    let size = 0;
    while (`${prefix}0_${size}` in logs) size++;
    const name = (c: number): string => escaped(classes[c] ?? String(c));
    const numbers = Array.from({ length: size }, (_, c) => c);
    const head = numbers.map((c) => `<th scope="col">${name(c)}</th>`).join("");
    const rows = numbers.map((truth) =>
      row(
        name(truth),
        numbers.map((c) => logs[`${prefix}${truth}_${c}`] ?? 0),
        truth,
      ),
    );
    const of = prefix.startsWith("val") ? "validation examples" : "training examples";
    return `<h2>Confusion matrix</h2><p>Counts of ${of} after the last epoch. A row is a true class, a column a predicted one.</p><div class="wide"><table class="confusion"><thead><tr><th></th>${head}<th scope="col">right</th></tr></thead><tbody>${rows.join("")}</tbody></table></div>`;
  }
  return "";
}

function row(name: string, counts: readonly number[], truth: number): string {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const cells = counts.map((count, c) => {
    const share = total > 0 ? count / total : 0;
    return `<td class="${c === truth ? "right" : "wrong"}" style="--share:${share.toFixed(2)}">${count}</td>`;
  });
  const right = total > 0 ? `${(((counts[truth] as number) / total) * 100).toFixed(0)} %` : "–";
  return `<tr><th scope="row">${name}</th>${cells.join("")}<td>${right}</td></tr>`;
}

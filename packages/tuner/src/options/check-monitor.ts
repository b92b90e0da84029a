import { OptionsError } from "@graftjs/core";
import type { Metric } from "../metrics/metric.ts";
import type { Ports } from "../models/adapter/ports.ts";
import type { ParsedOptions } from "./fine-tune-options.ts";

/** The facts of a run that decide which keys its history has. */
export interface MonitoredRun {
  readonly ports: Ports;
  /** The metrics of each output. */
  readonly metrics: readonly (readonly Metric[])[];
  /** For each output, whether an example may have several labels. */
  readonly severalLabels: readonly boolean[];
  /** Undefined if the run has no validation data. */
  readonly validation: unknown;
}

/**
 * Checks before the first step that the run produces the values that early stopping and reduceOnPlateau watch. The keys of a
 * user's own metric are known only after it has run. So with such a metric an unknown name is checked after the first epoch.
 *
 * @throws OptionsError with the keys that can be watched.
 */
export function assertMonitors(
  { ports, metrics, severalLabels, validation }: MonitoredRun,
  { earlyStopping, reduceOnPlateau, callbacks, metrics: given }: ParsedOptions,
): void {
  const { outputNames } = ports;
  const several = outputNames.length > 1;
  const keys = [
    "loss",
    ...(several ? outputNames.map((output) => `${output}_loss`) : []),
    ...outputNames.flatMap((output, i) => metrics[i]?.map(({ name }) => (several ? `${output}_${name}` : name)) ?? []),
  ];
  const own = Object.values(given)
    .flat()
    .some((metric) => typeof metric === "object");
  const all = validation ? [...keys, ...keys.map((key) => `val_${key}`)] : keys;
  const watched: Readonly<Record<string, string | undefined>> = {
    earlyStopping: earlyStopping?.monitor,
    reduceOnPlateau: reduceOnPlateau?.monitor,
    ...Object.fromEntries(callbacks.map(({ name, monitor }) => [name, monitor])),
  };
  const problems = Object.entries(watched).flatMap(([who, monitor]) => {
    // A confusion matrix has many numbers, such as confusion_0_1. With several labels, f1 and auc have averages and numbers of labels.
    const key = monitor?.replace(severalLabels.includes(true) ? OF_LABELS : OF_CLASSES, "");
    const early = own && (validation !== undefined || !key?.startsWith("val_"));
    return key === undefined || all.includes(key) || early ? [] : [line(who, monitor as string)];
  });
  if (problems.length > 0)
    throw new OptionsError(
      problems.join("\n"),
      `It produces ${all.join(", ")}; a key with val_ needs validation data.`,
    );
}

const OF_CLASSES = /(?<=(^|_)confusion)_\d+_\d+$/;
const OF_LABELS = /((?<=(^|_)confusion)(_\d+){2,3}|(?<=(^|_)(f1|auc))_(macro|micro|\d+))$/;

function line(who: string, monitor: string): string {
  return `${who} watches \`${monitor}\`, which this run does not produce.`;
}

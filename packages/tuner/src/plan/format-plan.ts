import type { Plan, PlannedCache } from "./plan.ts";

/** Formats a plan as text, one fact per line. */
export function formatPlan(plan: Plan): string {
  const { parameters, cache, patches } = plan;
  const share = ((100 * parameters.trained) / parameters.total).toFixed(1);
  const lines = [
    ["model", plan.model],
    [
      "trained",
      `${count(parameters.trained)} of ${count(parameters.total)} parameters (${share} %, ${bytes(parameters.trainedBytes)})`,
    ],
    ...patches.map(({ name, summary, held }) => ["patch", `${name}: ${summary ?? `${held.length} layer(s) held`}`]),
    ["step", [...plan.hooks, plan.rule].join(" → ")],
    ["trunk", trunkLine(plan)],
    ["cache", cacheLine(cache)],
    [
      "run",
      `${count(plan.examples)} examples × ${plan.epochs} epochs in batches of ${plan.batchSize}: ${count(plan.steps)} steps`,
    ],
    ...(plan.predicted || plan.tape.bytes === undefined
      ? []
      : [["tape", `≥ ${bytes(plan.tape.bytes)} of activations per batch (estimated from shapes)`]]),
    ...predictionLines(plan),
    ...(plan.missingKernels.length > 0 ? [["backend", `lacks ${plan.missingKernels.join(", ")}`]] : []),
    ...plan.warnings.map((warning) => ["warning", warning]),
    ...plan.conflicts.map((conflict) => ["conflict", conflict]),
  ];
  return lines.map(([label = "", text]) => `${label.padEnd(8)} ${text}`).join("\n");
}

function predictionLines({ predicted, cache }: Plan): string[][] {
  if (!predicted) return [];
  const { trunkSeconds, epochSeconds, peakBytes, tapeBytes, phases, limit, fits } = predicted;
  const each = phases.map(({ from, epochSeconds: s }) => `${s.toPrecision(2)} s from epoch ${from + 1}`);
  const lines = [
    [
      "time",
      `about ${epochSeconds.toPrecision(2)} s per epoch${phases.length > 1 ? ` (${each.join(", ")})` : ""}, after ${trunkSeconds.toPrecision(2)} s for the trunk`,
    ],
    ["memory", `${bytes(peakBytes)} of tensors at most, ${bytes(tapeBytes)} of them on the tape`],
  ];
  if (limit !== undefined)
    lines.push([
      "limit",
      `${fits ? "fits" : "does not fit"} ${bytes(limit)}, with ${bytes(cache.memoryBytes)} of cache in memory`,
    ]);
  return lines;
}

function cacheLine({ kind, bytes: all, memoryBytes }: PlannedCache): string {
  if (kind === "none") return "none";
  if (kind === "memory") return `${bytes(all)} in memory`;
  return `${bytes(all)} in files, ${memoryBytes === all ? "and in memory" : `${bytes(memoryBytes)} of them in memory`}`;
}

function trunkLine({ trunk }: Plan): string {
  const [stop] = trunk.stops;
  const why = stop ? `ends before ${stop.path} (${stop.why})` : "ends at the outputs";
  return trunk.layers === 0
    ? `none: ${why}`
    : `${trunk.layers} of ${trunk.of} layers run once per example, ${count(trunk.parameters)} parameters; ${why}`;
}

/** Formats a number with thousands separators: 12345 gives "12,345". */
export function count(n: number): string {
  return n.toLocaleString("en-US");
}

/** Formats a number of bytes with powers of 1000: 1536 gives "1.54 kB". */
export function bytes(n: number): string {
  if (n < 1000) return `${n} B`;
  const exponent = Math.min(4, Math.floor(Math.log10(n) / 3));
  return `${(n / 1000 ** exponent).toPrecision(3)} ${["B", "kB", "MB", "GB", "TB"][exponent]}`;
}

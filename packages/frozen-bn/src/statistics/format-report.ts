import type { DomainReport } from "./domain-report.ts";

const WIDTH = 24;

/** Formats a domain report as text: one line per layer, with the advice and a bar for the mean shift in σ. */
export function formatDomainReport({ layers, advice, batches }: DomainReport): string {
  const name = Math.max(5, ...layers.map(({ layer }) => layer.length));
  const largest = Math.max(1, ...layers.map(({ meanShift }) => meanShift));
  const header = `${"layer".padEnd(name)}  ${"shift/σ".padStart(8)}  ${"var ratio".padStart(9)}  ${"KL".padStart(7)}  ${"advice".padEnd(11)}  0 σ ${"─".repeat(WIDTH - 8)} ${largest.toFixed(1)} σ`;
  const lines = layers.map(({ layer, meanShift, varianceRatio, divergence, advice: layerAdvice }) =>
    [
      layer.padEnd(name),
      meanShift.toFixed(2).padStart(8),
      varianceRatio.toFixed(2).padStart(9),
      divergence.toFixed(2).padStart(7),
      layerAdvice.padEnd(11),
      bar(meanShift / largest),
    ].join("  "),
  );
  const counts = (["freeze", "recalibrate", "train"] as const)
    .map((kind) => `${kind} ${layers.filter((layer) => layer.advice === kind).length}`)
    .join(", ");
  return [header, ...lines, "", `${layers.length} layers, ${batches} batches: ${counts}. Advice: ${advice}.`].join(
    "\n",
  );
}

function bar(share: number): string {
  const eighths = Math.round(share * WIDTH * 8);
  return "█".repeat(Math.floor(eighths / 8)) + (["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8] as string);
}

import type { Report } from "./run-check.ts";

/** Formats reports for people: one line per check, and below it the problem and its fix. */
export function formatReports(reports: readonly Report[]): string {
  const width = Math.max(0, ...reports.map(({ name }) => name.length));
  return reports
    .map(({ name, ok, description = "", reason, fix }) => {
      const head = `${ok ? "ok  " : "--  "}${name.padEnd(width)}  ${description}`.trimEnd();
      return [head, ...(reason ? [`      ${reason}`] : []), ...(fix ? [`      To fix it: ${fix}`] : [])].join("\n");
    })
    .join("\n");
}

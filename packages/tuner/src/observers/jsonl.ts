import type { Observer } from "@graftjs/core";
import { jsonLines, type TextSink, textWriter } from "./sink.ts";

export interface JsonlOptions {
  readonly to: TextSink;
  /** Steps between two lines. @default 1 */
  readonly everySteps?: number;
}

/**
 * Writes one JSON object per line, with `event` "start", "step", "epoch" or "end". NaN and infinities are written as strings. A resumed
 * run appends to the file, after removing the lines of steps that it repeats.
 */
export function jsonl({ to, everySteps = 1 }: JsonlOptions): Observer {
  const { goOn, write } = textWriter(to);
  const line = (event: string, data: object): Promise<void> =>
    write(
      `${JSON.stringify({ event, ...data }, (_key, value: unknown) =>
        typeof value === "number" && !Number.isFinite(value) ? String(value) : value,
      )}\n`,
    );
  return {
    name: "jsonl",
    async runStart({ params, earlier = [], ...rest }) {
      if (rest.step > 0) await goOn((former) => jsonLines(former, (data) => isPast(data, rest.step, earlier.length)));
      await line("start", { ...rest, params: params.map(({ name }) => name) });
    },
    stepEnd: (step) => (step.step % everySteps === 0 ? line("step", step) : undefined),
    epochEnd: (epoch) => line("epoch", epoch),
    runEnd: ({ error, ...rest }) => line("end", { ...rest, ...(error === undefined ? {} : { error: String(error) }) }),
  };
}

/** Tells whether a line belongs to the part of the run before `step` and `epoch`, from which the run continues. */
function isPast({ event, ...data }: { readonly [key: string]: unknown }, step: number, epoch: number): boolean {
  if (event === "epoch") return Number(data.epoch) < epoch;
  return Number(event === "end" ? data.steps : data.step) <= step;
}

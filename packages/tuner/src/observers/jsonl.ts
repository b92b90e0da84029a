import type { Observer } from "@graftjs/core";
import { type TextSink, textWriter } from "./sink.ts";

export interface JsonlOptions {
  readonly to: TextSink;
  /** Steps between two lines. @default 1 */
  readonly everySteps?: number;
}

/** One JSON object a line: `{"event":"step",...}`, `epoch`, `start`, `end`. NaN and infinities are strings. */
export function jsonl({ to, everySteps = 1 }: JsonlOptions): Observer {
  const write = textWriter(to);
  const line = (event: string, data: object): Promise<void> =>
    write(
      `${JSON.stringify({ event, ...data }, (_key, value: unknown) =>
        typeof value === "number" && !Number.isFinite(value) ? String(value) : value,
      )}\n`,
    );
  return {
    name: "jsonl",
    runStart: ({ params, ...rest }) => line("start", { ...rest, params: params.map(({ name }) => name) }),
    stepEnd: (step) => (step.step % everySteps === 0 ? line("step", step) : undefined),
    epochEnd: (epoch) => line("epoch", epoch),
    runEnd: ({ error, ...rest }) => line("end", { ...rest, ...(error === undefined ? {} : { error: String(error) }) }),
  };
}

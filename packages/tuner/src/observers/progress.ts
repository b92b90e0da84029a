import type { Observer, RunStart, StepEnd } from "@graftjs/core";
import { isConfusion } from "./is-confusion.ts";
import { printableName } from "./printable-name.ts";
import { count } from "../plan/format-plan.ts";

/** A stream that progress is written to, such as Node's `process.stdout`. */
export interface ProgressStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface ProgressOptions {
  /** @default process.stdout, or the console in a browser */
  readonly stream?: ProgressStream;
  /** Minimum time between two updates of the bar, in ms. @default 100 */
  readonly interval?: number;
  /** Clock in ms. @default performance.now */
  readonly now?: () => number;
}

/**
 * Shows a bar with the remaining time, examples per second, learning rate and loss. If the stream is not a terminal (a log, CI), prints
 * one plain line per epoch without control characters.
 */
export function progress({
  stream = standardStream(),
  interval = 100,
  now = () => performance.now(),
}: ProgressOptions = {}): Observer {
  const tty = stream.isTTY === true;
  let run: RunStart | undefined;
  let began = 0;
  let first: number | undefined;
  let drawn = Number.NEGATIVE_INFINITY;
  let last: StepEnd | undefined;

  const draw = (text: string): void => {
    const columns = stream.columns ?? 80;
    stream.write(`\r\x1b[2K${text.slice(0, columns - 1)}`);
  };
  return {
    name: "progress",
    runStart(start) {
      run = start;
      began = now();
      first = undefined;
      drawn = Number.NEGATIVE_INFINITY;
    },
    stepEnd(step) {
      last = step;
      first ??= step.step - 1;
      if (!tty || !run || now() - drawn < interval) return;
      drawn = now();
      const { epochs, stepsPerEpoch, batchSize } = run;
      const total = epochs * stepsPerEpoch;
      const seconds = (now() - began) / 1000;
      const done = step.step - first;
      const speed = done / Math.max(seconds, 1e-9);
      draw(
        [
          `epoch ${step.epoch + 1}/${epochs}`,
          bar(step.step / total, 20),
          `${duration((total - step.step) / Math.max(speed, 1e-9))} left`,
          `${count(Math.round(speed * batchSize))} examples/s`,
          `rate ${step.learningRate.toPrecision(3)}`,
          ...(step.loss === undefined ? [] : [`loss ${step.loss.toPrecision(4)}`]),
        ].join("  "),
      );
    },
    epochEnd({ epoch, seconds, logs }) {
      if (tty) stream.write("\r\x1b[2K");
      const shown = Object.entries(logs).filter(([key]) => !isConfusion(key));
      const numbers = shown.map(([key, value]) => `${printableName(key)} ${value.toPrecision(4)}`);
      const rate = last ? [`rate ${last.learningRate.toPrecision(3)}`] : [];
      stream.write(
        `${[`epoch ${epoch + 1}/${run?.epochs ?? "?"}`, duration(seconds), ...rate, ...numbers].join("  ")}\n`,
      );
    },
    runEnd({ error }) {
      if (tty && error !== undefined) stream.write("\n");
    },
  };
}

/** Draws a bar: "[=====     ]". */
function bar(share: number, width: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * width);
  return `[${"=".repeat(full)}${" ".repeat(width - full)}]`;
}

/** Formats seconds: 75 gives "1:15", and values below 10 have one decimal. */
function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n: number): string => String(n).padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

function standardStream(): ProgressStream {
  const { process } = globalThis as { process?: { stdout?: ProgressStream } };
  return process?.stdout ?? { write: (text) => console.log(text.trimEnd()) };
}

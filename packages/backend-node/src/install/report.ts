import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** A bar in progress. */
export interface Bar {
  /** Bytes done, and of how many; `undefined` where nobody knows. */
  readonly to: (done: number, total: number | undefined) => void;
  readonly end: () => void;
}

/** Where the installer says what it does. */
export interface Reporter {
  /** Something is done. Kept for the closing report. */
  readonly step: (line: string) => void;
  /** Something takes a while. */
  readonly bar: (label: string) => Bar;
  /** As `bar`, measured by the growth of a folder: for a child process that keeps its progress to itself. */
  readonly watch: (label: string, folder: string) => Bar;
  readonly steps: readonly string[];
}

/** Prints steps as lines to `write`, and bars too where it is a terminal. */
export function reporter(write: (text: string) => void = () => {}, isTerminal = false): Reporter {
  const steps: string[] = [];
  const bar = (label: string): Bar => {
    let drawn = 0;
    return {
      to: (done, total) => {
        const now = Date.now();
        if (!isTerminal || now - drawn < 100) return;
        drawn = now;
        write(`\r\u001b[2K  ${label}  ${meter(done, total)}`);
      },
      end: () => {
        if (isTerminal && drawn > 0) write("\r\u001b[2K");
      },
    };
  };
  return {
    steps,
    step: (line) => {
      steps.push(line);
      write(`- ${line}\n`);
    },
    bar,
    watch: (label, folder) => {
      const inner = bar(label);
      const timer = setInterval(() => inner.to(sizeOf(folder), undefined), 200);
      timer.unref();
      return {
        to: inner.to,
        end: () => {
          clearInterval(timer);
          inner.end();
        },
      };
    },
  };
}

/** Bytes in a folder; what vanishes while it is looked at counts 0. */
export function sizeOf(folder: string): number {
  try {
    return readdirSync(folder, { withFileTypes: true, recursive: true }).reduce(
      (sum, entry) => (entry.isFile() ? sum + sizeOfFile(join(entry.parentPath, entry.name)) : sum),
      0,
    );
  } catch {
    return 0;
  }
}

function sizeOfFile(path: string): number {
  try {
    return statSync(path).size;
  } catch {
    return 0;
  }
}

function meter(done: number, total: number | undefined): string {
  const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;
  if (total === undefined) return megabytes(done);
  const filled = Math.round((done / total) * 30);
  return `[${"#".repeat(filled)}${".".repeat(Math.max(0, 30 - filled))}] ${megabytes(done)} of ${megabytes(total)}`;
}

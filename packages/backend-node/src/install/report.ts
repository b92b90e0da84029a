import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** A progress bar. */
export interface Bar {
  /** Shows the number of bytes done and the total, which is undefined if it is not known. */
  readonly to: (done: number, total: number | undefined) => void;
  readonly end: () => void;
}

/** Reports the progress of the installer. */
export interface Reporter {
  /** Reports a finished step. It becomes part of the result. */
  readonly step: (line: string) => void;
  /** Starts a progress bar. */
  readonly bar: (label: string) => Bar;
  /** Starts a progress bar that shows the size of a folder, for a child process that does not report its progress. */
  readonly watch: (label: string, folder: string) => Bar;
  readonly steps: readonly string[];
}

/** Returns a reporter that prints steps as lines to `write`, and progress bars too if that is a terminal. */
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

/** Returns the size of all files in a folder in bytes. Files that are removed meanwhile count 0. */
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

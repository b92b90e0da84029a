/** The result of a check, as it is written to `checks.json`. */
export interface Verdict {
  readonly name: string;
  readonly ok: boolean;
  readonly seconds: number;
  /** Time limit of the check in seconds. It is only set if the check took longer. */
  readonly limit?: number;
}

/** Judges a check by its exit code and its time. */
export function verdict(name: string, code: number | null, seconds: number): Verdict;

/** Writes the line of a check that closes a run. */
export function lineOf(verdict: Verdict): string;

/** What is written of a check. */
export interface Verdict {
  readonly name: string;
  readonly ok: boolean;
  readonly seconds: number;
  /** Seconds that the check may take, where it took more. */
  readonly limit?: number;
}

export function verdict(name: string, code: number | null, seconds: number): Verdict;
export function lineOf(verdict: Verdict): string;

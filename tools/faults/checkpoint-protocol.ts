/** Asks a process for one run. */
export interface Request {
  readonly folder: string;
  readonly resume: boolean;
  /** Milliseconds before the run starts. */
  readonly delay: number;
}

/** The result of a run, or the reason why there is none. */
export interface Answer {
  /** A digest of the trained weights. */
  readonly digest?: string;
  readonly steps?: number;
  readonly warnings?: readonly string[];
  /** Message of a typed error. */
  readonly refused?: string | undefined;
  /** Any other error. */
  readonly failed?: string | undefined;
}

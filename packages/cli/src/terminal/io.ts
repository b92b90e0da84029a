/** The terminal, as a command sees it. Tests pass their own, and so read exactly the text that a person would see. */
export interface Io {
  /** Writes to standard output. */
  out(text: string): void;
  /** Writes to standard output without escaping control characters: a progress bar redraws its line. @default `out` */
  draw?(text: string): void;
  /** Writes to standard error. */
  err(text: string): void;
  /** Asks a question and returns the answer. Missing if nobody can answer: input or output is not a terminal. */
  ask?(question: string): Promise<string>;
  /** Whether standard output is a terminal, which can redraw a line. */
  readonly isTty: boolean;
  /** The folder that relative paths on the command line start from. */
  readonly cwd: string;
}

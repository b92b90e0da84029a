/** Where a command writes and what it may know of the terminal: passed in, so that tests see what people see. */
export interface Io {
  out(text: string): void;
  err(text: string): void;
  readonly isTty: boolean;
  readonly cwd: string;
}

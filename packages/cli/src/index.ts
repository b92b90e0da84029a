export type { Io } from "./io.ts";
export { type ExitCode, main } from "./main.ts";

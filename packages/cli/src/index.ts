export { type ExitCode, main } from "./main.ts";
export type { Io } from "./terminal/io.ts";

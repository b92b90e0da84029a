export type { DoctorCheck, DoctorContext, Finding } from "./doctor/doctor-check.ts";
export { type ExitCode, main } from "./main.ts";
export type { Io } from "./terminal/io.ts";
export { processIo } from "./terminal/process-io.ts";

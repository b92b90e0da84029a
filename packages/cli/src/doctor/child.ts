import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Diagnosis } from "./diagnose.ts";

/** Long enough for a library of 600 MB on a cold and busy disk. */
const TIMEOUT_MS = 120_000;

/**
 * Has another process of this command look at one backend.
 *
 * @param args behind `graft`; it prints one diagnosis as JSON.
 * @param command what stands for `graft`. @default this command
 * @returns the diagnosis, or in one line why there is none: it crashed, hung for `timeoutMs`, or could not be started.
 */
export function lookInChild(
  args: readonly string[],
  cwd: string,
  { command = thisCommand(), timeoutMs = TIMEOUT_MS }: { command?: readonly string[]; timeoutMs?: number } = {},
): Promise<Diagnosis | string> {
  return new Promise((resolve) => {
    const [file = "", ...before] = command;
    const child = spawn(file, [...before, ...args], { cwd, stdio: ["ignore", "pipe", "pipe"] });
    let [text, errors, late] = ["", "", false];
    const timer = setTimeout(() => {
      late = true;
      child.kill("SIGKILL");
    }, timeoutMs);
    child.stdout.on("data", (chunk) => {
      text += chunk;
    });
    child.stderr.on("data", (chunk) => {
      errors += chunk;
    });
    child.on("error", (cause) => {
      clearTimeout(timer);
      resolve(`its process could not be started: ${cause.message}`);
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      try {
        // A native library may print lines of its own in front.
        resolve((JSON.parse(text.slice(text.indexOf("[\n"))) as Diagnosis[])[0] as Diagnosis);
      } catch {
        const said = complaintOf(errors);
        const end = late ? `did not answer within ${timeoutMs / 1000} s` : `ended with ${signal ?? code}`;
        resolve(`its process ${end}${said ? `: ${said}` : ""}`);
      }
    });
  });
}

/** The first error that is named; Node prints the stack and its own version below it. Else the last line. */
function complaintOf(stderr: string): string | undefined {
  const lines = stderr.split("\n").filter((line) => line.trim() !== "" && !/^Node\.js v\d/.test(line));
  return (lines.find((line) => /^\w*Error(?: \[\w+\])?: /.test(line)) ?? lines.at(-1))?.trim();
}

function thisCommand(): readonly string[] {
  const built = join(import.meta.dirname, "bin.js");
  return existsSync(built)
    ? [process.execPath, built]
    : [process.execPath, "--import", import.meta.resolve("tsx"), join(import.meta.dirname, "..", "bin.ts")];
}

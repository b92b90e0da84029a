import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Report } from "./run-check.ts";

/** Long enough to load a library of 600 MB from a slow and busy disk. */
const TIMEOUT_MS = 120_000;

/**
 * Runs one check in a child process, so that a crash, for example in a native library, does not end this command.
 *
 * @param args arguments of `graft` that print the check's report as a JSON list with one entry.
 * @param command the command to start. @default this command
 * @param timeoutMs after this time the process is killed. @default two minutes
 * @returns the report, or one line that says why there is none
 */
export function runInChild(
  args: readonly string[],
  cwd: string,
  { command = thisCommand(), timeoutMs = TIMEOUT_MS }: { command?: readonly string[]; timeoutMs?: number } = {},
): Promise<Report | string> {
  return new Promise((resolve) => {
    const [file = "", ...before] = command;
    const child = spawn(file, [...before, ...args], { cwd, stdio: ["ignore", "pipe", "pipe"] });
    let [text, errors, timedOut] = ["", "", false];
    const timer = setTimeout(() => {
      timedOut = true;
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
        // A native library may print lines of its own before the JSON.
        resolve((JSON.parse(text.slice(text.indexOf("[\n"))) as Report[])[0] as Report);
      } catch {
        const error = errorLine(errors);
        const end = timedOut ? `did not answer within ${timeoutMs / 1000} s` : `ended with ${signal ?? code}`;
        resolve(`its process ${end}${error ? `: ${error}` : ""}`);
      }
    });
  });
}

/** Picks the line with the error. Below it Node prints the stack and its own version. Without such a line, takes the last. */
function errorLine(stderr: string): string | undefined {
  const lines = stderr.split("\n").filter((line) => line.trim() !== "" && !/^Node\.js v\d/.test(line));
  return (lines.find((line) => /^\w*Error(?: \[\w+\])?: /.test(line)) ?? lines.at(-1))?.trim();
}

/** The built package has bin.js in the folder of this file. In the repository the sources are run. */
function thisCommand(): readonly string[] {
  const built = join(import.meta.dirname, "bin.js");
  return existsSync(built)
    ? [process.execPath, built]
    : [process.execPath, "--import", import.meta.resolve("tsx"), join(import.meta.dirname, "..", "bin.ts")];
}

import { type ChildProcess, spawn } from "node:child_process";

/** Result of a child process. */
export interface Finished {
  /** Exit status: 127 if the command could not be started, 1 if a signal ended it. */
  readonly status: number;
  /** The signal that ended it, such as SIGILL if the processor lacks an instruction, or SIGTERM after the time limit. */
  readonly signal: NodeJS.Signals | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

const running = new Set<ChildProcess>();

/** Runs a command without a shell and waits for its end. Never throws. */
export function run(
  command: string,
  args: readonly string[],
  { cwd, env, timeoutMs }: { cwd?: string; env?: NodeJS.ProcessEnv; timeoutMs?: number } = {},
): Promise<Finished> {
  return new Promise((done) => {
    const child = spawn(command, args, {
      cwd,
      env: env ?? process.env,
      timeout: timeoutMs,
      stdio: ["ignore", "pipe", "pipe"],
    });
    running.add(child);
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const end = (status: number, signal?: NodeJS.Signals, message = ""): void => {
      running.delete(child);
      done({ status, signal, stdout, stderr: stderr + message });
    };
    child.on("error", (cause) => end(127, undefined, cause.message));
    child.on("close", (status, signal) => end(status ?? 1, signal ?? undefined));
  });
}

/** Kills all running children of {@link run}. For a process that is about to end, because they would write files again. */
export function endChildren(): void {
  for (const child of running) child.kill("SIGKILL");
}

/** Returns the last lines of a command's error output, for an error message. */
export function tail(text: string, lines = 4): string {
  return text.trim().split("\n").slice(-lines).join("\n");
}

/**
 * Returns the reason why a command failed, in one line. This is the first error in its output: below it, Node prints the stack and its
 * version, and above it the line of source that threw. If a signal ended the command, the line names the signal too, because the
 * output before it need not be the reason.
 */
export function reasonOf({ status, signal, stderr }: Pick<Finished, "status" | "signal" | "stderr">): string {
  const lines = stderr.split("\n").filter((line) => line.trim() !== "" && !/^Node\.js v\d/.test(line));
  const error = lines.find((line) => /^\w*Error(?: \[\w+\])?: /.test(line))?.trim();
  if (signal === undefined && error !== undefined) return error;
  const lastLine = error ?? lines.at(-1)?.trim();
  const end =
    signal === undefined
      ? `it ended with status ${status}`
      : `it was ended by ${signal}${signal === "SIGILL" ? ", for an instruction that this processor lacks" : ""}`;
  return lastLine === undefined ? end : `${end} (${lastLine})`;
}

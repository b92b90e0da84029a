import { type ChildProcess, spawn } from "node:child_process";

/** What a finished child process left. */
export interface Finished {
  /** Exit status; 127 where the command could not be started, 1 where a signal ended it. */
  readonly status: number;
  /** The signal that ended it: SIGILL where the processor lacks an instruction, SIGTERM after its time was over. */
  readonly signal: NodeJS.Signals | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

const running = new Set<ChildProcess>();

/** Runs a command to its end without a shell; never throws. */
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
    const end = (status: number, signal?: NodeJS.Signals, complaint = ""): void => {
      running.delete(child);
      done({ status, signal, stdout, stderr: stderr + complaint });
    };
    child.on("error", (cause) => end(127, undefined, cause.message));
    child.on("close", (status, signal) => end(status ?? 1, signal ?? undefined));
  });
}

/** Ends what {@link run} started and has not finished: for a process that is about to end, whose files would come back. */
export function endChildren(): void {
  for (const child of running) child.kill("SIGKILL");
}

/** The last lines of a command's complaint, for an error message. */
export function tail(text: string, lines = 4): string {
  return text.trim().split("\n").slice(-lines).join("\n");
}

/**
 * Why a command failed, in one line: the first error that it names. Node prints the stack and its own version below it, and the
 * source of the line that threw above. A signal is named too: what the library said before need not be the reason.
 */
export function reasonOf({ status, signal, stderr }: Pick<Finished, "status" | "signal" | "stderr">): string {
  const lines = stderr.split("\n").filter((line) => line.trim() !== "" && !/^Node\.js v\d/.test(line));
  const error = lines.find((line) => /^\w*Error(?: \[\w+\])?: /.test(line))?.trim();
  if (signal === undefined && error !== undefined) return error;
  const said = error ?? lines.at(-1)?.trim();
  const end =
    signal === undefined
      ? `it ended with status ${status}`
      : `it was ended by ${signal}${signal === "SIGILL" ? ", for an instruction that this processor lacks" : ""}`;
  return said === undefined ? end : `${end} (${said})`;
}

import { spawn } from "node:child_process";

/** What a finished child process left. */
export interface Finished {
  /** Exit status; 127 where the command could not be started, 1 where a signal ended it. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

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
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.on("error", (cause) => done({ status: 127, stdout, stderr: stderr + cause.message }));
    child.on("close", (status) => done({ status: status ?? 1, stdout, stderr }));
  });
}

/** The last lines of a command's complaint, for an error message. */
export function tail(text: string, lines = 4): string {
  return text.trim().split("\n").slice(-lines).join("\n");
}

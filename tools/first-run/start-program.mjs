import { spawn } from "node:child_process";

/**
 * Runs a program to its end.
 *
 * @returns its exit status, output, seconds, and the seconds until it printed the first epoch.
 */
export function startProgram(name, args, cwd) {
  const start = performance.now();
  const seconds = () => Math.round((performance.now() - start) / 10) / 100;
  const result = { out: "", err: "", firstStep: undefined };
  return new Promise((resolve, reject) => {
    const child = spawn(name, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.on("data", (text) => {
      result.out += text;
      if (result.firstStep === undefined && /^epoch /m.test(result.out)) result.firstStep = seconds();
    });
    child.stderr.on("data", (text) => {
      result.err += text;
    });
    child.on("error", reject);
    child.on("close", (status) => resolve({ ...result, status, seconds: seconds() }));
  });
}

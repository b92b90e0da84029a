import { readdirSync, rmSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { type Random, seeded } from "../../packages/tuner/src/random/random.ts";
import type { RunFuzz } from "../../packages/tuner/test/fuzz-runs.ts";
import { type CommandFixture, commandFixture, ended, randomMoment } from "./command.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** The trials of signals, with the number of each outcome. */
export interface SignalFuzz extends RunFuzz {
  /** The run said how to continue. */
  readonly stopped: number;
  /** The signal came before the command had begun or after it had ended its work. */
  readonly died: number;
  /** The signal came too late, or while the result was saved. */
  readonly finished: number;
}

/**
 * Sends each signal to `graft run` at `each` random moments, then resumes the run. Wrong: another exit code than that of the signal, a
 * result that is not whole, no hint how to continue, a resumed run that fails or saves another delta, or files that are left over.
 */
export async function fuzzSignals(each: number): Promise<SignalFuzz> {
  const fixture = await commandFixture();
  const random = seeded("signals");
  const counts = { stopped: 0, died: 0, finished: 0 };
  const wrong: string[] = [];
  try {
    for (const signal of SIGNALS)
      for (let i = 0; i < each; i++) {
        const { outcome, problems } = await trial(fixture, signal, random);
        counts[outcome]++;
        wrong.push(...problems.map((problem) => `${signal} ${i}: ${problem}`));
        for (const name of ["delta.safetensors", "state"])
          rmSync(join(fixture.folder, name), { recursive: true, force: true });
      }
  } finally {
    fixture.remove();
  }
  return { trials: SIGNALS.length * each, ...counts, wrong };
}

async function trial(
  { folder, expected, milliseconds, start, read }: CommandFixture,
  signal: (typeof SIGNALS)[number],
  random: Random,
): Promise<{ outcome: "stopped" | "died" | "finished"; problems: string[] }> {
  const problems: string[] = [];
  const child = start("--out", "delta.safetensors", "--checkpoint", "state");
  const end = ended(child);
  await randomMoment(child, milliseconds, random);
  child.kill(signal);
  const { code, signal: by, err } = await end;
  const outcome = code === 0 ? "finished" : by === signal ? "died" : "stopped";
  if (outcome === "stopped" && code !== 128 + constants.signals[signal]) problems.push(`exit ${code ?? by} ${err}`);
  if (outcome === "stopped" && !/Stopped by .*\n.*--resume/.test(err)) problems.push(`no hint: ${err}`);
  const saved = read("delta.safetensors");
  if (saved ? !saved.equals(expected) : outcome === "finished") problems.push("the delta is not whole");
  const again = await ended(start("--out", "delta.safetensors", "--checkpoint", "state", "--resume"));
  if (again.code !== 0) problems.push(`the resumed run ended with ${again.code}: ${again.err}`);
  if (!read("delta.safetensors")?.equals(expected)) problems.push("the resumed run saved another delta");
  const names = readdirSync(join(folder, "state")).filter((name) => !/^step-\d{10}\.graft$/.test(name));
  if (names.length > 0) problems.push(`files are left over: ${names}`);
  return { outcome, problems };
}

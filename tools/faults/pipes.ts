import { rmSync } from "node:fs";
import { join } from "node:path";
import { seeded } from "../../packages/tuner/src/random/random.ts";
import type { RunFuzz } from "../../packages/tuner/test/fuzz-runs.ts";
import { commandFixture, ended, randomMoment } from "./command.ts";

/**
 * Closes the pipe that `graft run` writes to, at random moments; in half of the trials also the pipe of its errors. Wrong: the run does
 * not end with 0, prints an error, or saves another delta than an undisturbed run.
 */
export async function fuzzPipes(pipes: number): Promise<RunFuzz> {
  const fixture = await commandFixture();
  const random = seeded("pipes");
  const wrong: string[] = [];
  try {
    for (let i = 0; i < pipes; i++) {
      const both = random() < 0.5;
      const child = fixture.start("--out", "delta.safetensors");
      const end = ended(child);
      await randomMoment(child, fixture.milliseconds, random);
      child.stdout?.destroy();
      if (both) child.stderr?.destroy();
      const { code, signal, err } = await end;
      const same = fixture.read("delta.safetensors")?.equals(fixture.expected) === true;
      if (code !== 0 || err !== "" || !same)
        wrong.push(`pipe ${i}: exit ${code ?? signal}, ${same ? "the same" : "another"} delta, ${err}`);
      rmSync(join(fixture.folder, "delta.safetensors"), { force: true });
    }
  } finally {
    fixture.remove();
  }
  return { trials: pipes, wrong };
}

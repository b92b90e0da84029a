import { train } from "../train.ts";

/** Runs the example and takes its context away at step 25. */
export async function trainAndLose(): Promise<{ readonly lines: readonly string[]; readonly loss: number }> {
  const lines: string[] = [];
  const loss = await train({ log: (line) => lines.push(line), loseAt: 25 });
  return { lines, loss };
}

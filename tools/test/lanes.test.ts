import { expect, it } from "vitest";
import { runInLanes } from "../lanes.mjs";

/** Starts the jobs and ends them in the order of `ends`. Records when each begins and ends. */
async function record(
  jobs: readonly { readonly name: string; readonly lanes: number }[],
  lanes: number,
  ends: readonly string[],
): Promise<{ log: string[]; results: string[] }> {
  const log: string[] = [];
  const running = new Map<string, () => void>();
  const all = runInLanes(jobs, lanes, async ({ name }) => {
    log.push(`${name} begins`);
    await new Promise<void>((resolve) => running.set(name, resolve));
    log.push(`${name} ends`);
    return name;
  });
  for (const name of ends) {
    await expect.poll(() => running.has(name)).toBe(true);
    running.get(name)?.();
    await expect.poll(() => log.includes(`${name} ends`)).toBe(true);
  }
  return { log, results: await all };
}
const job = (name: string, lanes: number) => ({ name, lanes });

it("runs two jobs of one lane at a time, and returns the results in order", async () => {
  const { log, results } = await record([job("a", 1), job("b", 1), job("c", 1)], 2, ["b", "c", "a"]);
  expect(log).toEqual(["a begins", "b begins", "b ends", "c begins", "c ends", "a ends"]);
  expect(results).toEqual(["a", "b", "c"]);
});

it("runs a job of two lanes alone", async () => {
  const { log } = await record([job("a", 1), job("both", 2), job("c", 1)], 2, ["a", "both", "c"]);
  expect(log).toEqual(["a begins", "a ends", "both begins", "both ends", "c begins", "c ends"]);
});

it("runs everything one after the other if there is one lane", async () => {
  const { log, results } = await record([job("both", 2), job("a", 1)], 1, ["both", "a"]);
  expect(log).toEqual(["both begins", "both ends", "a begins", "a ends"]);
  expect(results).toEqual(["both", "a"]);
});

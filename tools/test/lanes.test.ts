import { setTimeout as wait } from "node:timers/promises";
import { expect, it } from "vitest";
import { runInLanes } from "../lanes.mjs";

const job = (name: string, lanes: number, ms: number) => ({ name, lanes, ms });

/** Runs the jobs and records when each begins and ends. */
async function record(
  jobs: readonly ReturnType<typeof job>[],
  lanes: number,
): Promise<{ log: string[]; results: string[] }> {
  const log: string[] = [];
  const results = await runInLanes(jobs, lanes, async ({ name, ms }) => {
    log.push(`${name} begins`);
    await wait(ms);
    log.push(`${name} ends`);
    return name;
  });
  return { log, results };
}

it("runs two jobs of one lane at a time, and returns the results in order", async () => {
  const { log, results } = await record([job("a", 1, 60), job("b", 1, 20), job("c", 1, 20)], 2);
  expect(log).toEqual(["a begins", "b begins", "b ends", "c begins", "c ends", "a ends"]);
  expect(results).toEqual(["a", "b", "c"]);
});

it("runs a job of two lanes alone", async () => {
  const { log } = await record([job("a", 1, 20), job("both", 2, 20), job("c", 1, 20)], 2);
  expect(log).toEqual(["a begins", "a ends", "both begins", "both ends", "c begins", "c ends"]);
});

it("runs everything one after the other if there is one lane", async () => {
  const { log, results } = await record([job("both", 2, 10), job("a", 1, 10)], 1);
  expect(log).toEqual(["both begins", "both ends", "a begins", "a ends"]);
  expect(results).toEqual(["both", "a"]);
});

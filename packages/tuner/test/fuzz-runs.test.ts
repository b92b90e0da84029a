import { expect, it } from "vitest";
import { fuzzCsvNames, fuzzKilledLocks } from "./fuzz-runs.ts";

it("writes every one of 500 sets of random names as CSV that any reader understands", async () => {
  expect(await fuzzCsvNames(500)).toEqual({ trials: 500, wrong: [] });
});

it("takes the lock of a folder after each of 3 kills at random moments", { timeout: 60_000 }, async () => {
  expect(await fuzzKilledLocks(3)).toEqual({ trials: 3, wrong: [] });
});

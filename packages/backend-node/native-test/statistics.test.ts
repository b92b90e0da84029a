import { afterAll, beforeAll, expect, it } from "vitest";
import { movedStatistics } from "../../../tools/browser/suite/statistics.ts";
import { nativeBackend } from "../src/index.ts";

let session: Awaited<ReturnType<ReturnType<typeof nativeBackend>["init"]>>;
beforeAll(async () => {
  session = await nativeBackend().init();
});
afterAll(async () => {
  await session?.dispose();
});

it("changes no bit of a frozen batch norm's statistics in 1,000 steps; stock tfjs changes all of them in one step", async () => {
  expect(await movedStatistics(1000)).toEqual({ patched: 0, stock: 2, of: 2, leaked: 0 });
});

import { expect, it } from "vitest";
import { compareEquivalences } from "../../../tools/browser/suite/equivalences.ts";
import { nativeBackend } from "../src/index.ts";

it("optimizers that are equal by definition are equal on the native backend", async () => {
  const session = await nativeBackend().init();
  const { rows, leaked } = await compareEquivalences();
  expect(rows.length).toBeGreaterThanOrEqual(16);
  expect(rows.filter(({ error }) => error === null || !(error <= 1e-6))).toEqual([]);
  expect(leaked).toBe(0);
  await session.dispose();
});

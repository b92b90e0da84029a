import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { WEBGPU_FLAGS } from "../../../tools/browser/flags.ts";
import { expectCrashSurvived, expectSurvived, LONG, MOMENTS, testGpu } from "../../../tools/browser/gpu-tests.ts";
import { openPage, type TestPage } from "../../../tools/browser/page.ts";
import type { RuleReport } from "../../../tools/browser/suite/rules.ts";
import { moments } from "./victim.ts";

let page: TestPage;
beforeAll(async () => {
  page = await openPage({ entry: new URL("./page.ts", import.meta.url), flags: WEBGPU_FLAGS });
  await page.call("open");
});
afterEach(async () => expect(await page.call("errors")).toEqual([]));
afterAll(async () => {
  await page?.close();
});

describe("webgpu in Chromium", () => {
  testGpu({
    packageName: "backend-webgpu",
    environment: "Chromium",
    pools: () => page.call("pools"),
    // These take more than a minute, and dawn.gpu.test.ts runs them on the same adapter in Node.
    ...(LONG
      ? {
          ops: () => page.call("ops"),
          training: (steps: number) => page.call("training", steps),
          equivalences: () => page.call("equivalences"),
          layers: (every: number) => page.call("layers", every),
          statistics: (steps: number) => page.call("statistics", steps),
        }
      : {}),
  });

  // fused.gpu.test.ts compares the same kernels on the same adapter in Node.
  if (LONG) {
    it("gives cpu's weights in every form of every fused rule, without leaks", async () => {
      const { rows, composed, leaked } = await page.call<RuleReport>("rules");
      expect(rows.length).toBeGreaterThan(45);
      expect(composed).toEqual([]);
      expect(rows.filter(({ error }) => error === null || !(error <= 1e-5))).toEqual([]);
      expect(leaked).toBe(0);
    });
  }

  it("needs a tenth of stock's dispatches for an update", async () => {
    const rows = await page.call<readonly { many: number; few: number }[]>("dispatches");
    expect(rows).toHaveLength(4);
    expect(rows.filter(({ many, few }) => !(many / few >= 10))).toEqual([]);
  });

  it("reports the loss of its device at many moments, and cpu continues the run", async () => {
    await page.call("close");
    expectSurvived(await page.call("lose", MOMENTS), MOMENTS, moments);
  });

  it("reports the loss of its device with Chromium's GPU process, and cpu continues the run", async () => {
    await expectCrashSurvived(page);
  });

  it("causes no error in the console", () => {
    expect(page.problems).toEqual([]);
  });
});

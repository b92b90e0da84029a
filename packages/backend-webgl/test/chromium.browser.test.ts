import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WEBGL_FLAGS } from "../../../tools/browser/flags.ts";
import { expectCrashSurvived, expectSurvived, LONG, MOMENTS, testGpu } from "../../../tools/browser/gpu-tests.ts";
import { openPage, type TestPage } from "../../../tools/browser/page.ts";

let page: TestPage;
beforeAll(async () => {
  page = await openPage({ entry: new URL("./page.ts", import.meta.url), flags: WEBGL_FLAGS });
  await page.call("open");
});
afterAll(async () => {
  await page?.close();
});

describe("webgl in Chromium", () => {
  testGpu({
    packageName: "backend-webgl",
    environment: "Chromium",
    ops: () => page.call("ops"),
    training: (steps) => page.call("training", steps),
    // dawn.gpu.test.ts compares the same optimizers on another GPU backend.
    ...(LONG ? { equivalences: () => page.call("equivalences") } : {}),
    layers: (every) => page.call("layers", every),
    pools: () => page.call("pools"),
    statistics: (steps) => page.call("statistics", steps),
  });

  it("reports the loss of its context at many moments, and cpu continues the run", async () => {
    await page.call("close");
    expectSurvived(await page.call("lose", MOMENTS), MOMENTS, ["runWebGLProgram", "read"]);
  });

  it("reports the loss of its context with Chromium's GPU process, and cpu continues the run", async () => {
    await expectCrashSurvived(page);
  });

  it("causes no error in the console", () => {
    expect(page.problems).toEqual([]);
  });
});

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WEBGL_FLAGS } from "../../../tools/browser/flags.ts";
import { expectCrashSurvived, expectSurvived, testGpu } from "../../../tools/browser/gpu-tests.ts";
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
    training: () => page.call("training"),
    pools: () => page.call("pools"),
    statistics: (steps) => page.call("statistics", steps),
  });

  it("loses its context at fifty moments, says so, and is gone on from by cpu", async () => {
    await page.call("close");
    expectSurvived(await page.call("lose", 50), 50, ["runWebGLProgram", "read"]);
  });

  it("loses its context with Chromium's GPU process, says so, and is gone on from by cpu", async () => {
    await expectCrashSurvived(page);
  });

  it("caused no error in the console", () => {
    expect(page.problems).toEqual([]);
  });
});

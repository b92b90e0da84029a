import { afterEach, expect, it } from "vitest";
import { WEBGPU_FLAGS } from "../../../tools/browser/flags.ts";
import { openPage, type PageOptions, type TestPage } from "../../../tools/browser/page.ts";

let page: TestPage | undefined;
afterEach(async () => {
  await page?.close();
  page = undefined;
});
async function open(options: Partial<PageOptions>): Promise<TestPage> {
  page = await openPage({ entry: new URL("./page.ts", import.meta.url), flags: WEBGPU_FLAGS, ...options });
  return page;
}

it("trains in a Web Worker while the page stays responsive", async () => {
  const { call, problems } = await open({ worker: new URL("./worker.ts", import.meta.url) });
  const { report, longestTaskMs, ticks } = await call<{
    report: { backend: string; losses: number[]; problem?: string };
    longestTaskMs: number;
    ticks: number;
  }>("watchWorker");
  expect(report.problem).toBeUndefined();
  expect(report.backend).toBe("webgpu");
  expect(report.losses.at(-1)).toBeLessThan(report.losses[0] as number);
  // The limit is generous, because the software GPU takes all cores of the machine meanwhile.
  expect(longestTaskMs).toBeLessThan(500);
  expect(ticks).toBeGreaterThan(5);
  expect(problems).toEqual([]);
});

it("reports that an insecure page has no WebGPU, and how to serve it", async () => {
  const { call } = await open({ host: "insecure.test" });
  expect(await call("probe")).toMatchObject({
    ok: false,
    reason: expect.stringContaining("secure context"),
    fix: expect.stringContaining("https"),
  });
});

it("names the flags that headless Chromium needs", async () => {
  const { call } = await open({ flags: [] });
  expect(await call("probe")).toMatchObject({ ok: false, fix: expect.stringContaining("--enable-unsafe-webgpu") });
});

it("opens the first backend of a list that can train, and reports why the others cannot", async () => {
  const { call } = await open({ flags: ["--disable-gpu", "--disable-software-rasterizer", "--disable-3d-apis"] });
  expect(await call("choose", ["webgpu", "webgl", "cpu"])).toEqual({ chosen: "cpu" });
  const { problem } = await call<{ problem: string }>("choose", ["webgpu", "webgl"]);
  expect(problem).toMatch(/None of 2 backends/);
  expect(problem).toMatch(/webgpu: .*\n\s*webgl: .*WebGL 2/);
});

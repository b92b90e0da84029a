import { afterEach, expect, it } from "vitest";
import { WEBGL_FLAGS } from "../../../tools/browser/flags.ts";
import { openPage, type PageOptions, type TestPage } from "../../../tools/browser/page.ts";

let page: TestPage | undefined;
afterEach(async () => {
  await page?.close();
  page = undefined;
});
async function open(options: Partial<PageOptions>): Promise<TestPage> {
  page = await openPage({ entry: new URL("./page.ts", import.meta.url), flags: WEBGL_FLAGS, ...options });
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
  expect(report.backend).toBe("webgl");
  expect(report.losses.at(-1)).toBeLessThan(report.losses[0] as number);
  // The limit is generous, because the software GPU takes all cores of the machine meanwhile.
  expect(longestTaskMs).toBeLessThan(500);
  expect(ticks).toBeGreaterThan(5);
  expect(problems).toEqual([]);
});

it("gives stock optimizers the right epsilon", async () => {
  const { call } = await open({});
  await call("open");
  const { epsilon, error } = await call<{ epsilon: number; error: number }>("stockAdam");
  expect(epsilon).toBe(1e-7);
  expect(error).toBeLessThan(1e-5);
});

it("refuses a device with 16-bit floats unless it is allowed", async () => {
  const { call } = await open({});
  const { refused, taken } = await call<{ refused: unknown; taken: unknown }>("float16");
  expect(refused).toMatchObject({ ok: false, fix: expect.stringContaining("allowFloat16: true") });
  expect(taken).toMatchObject({ ok: true, capabilities: { floatBits: 16 } });
});

it("bounds the memory of textures", async () => {
  const { call } = await open({});
  const { unbounded, bounded, live } = await call<{ unbounded: number; bounded: number; live: number }>("bounds");
  expect(bounded).toBeLessThanOrEqual(1.5 * live);
  expect(unbounded).toBeGreaterThan(3 * bounded);
});

it("reports the reason and the fix if the browser has no WebGL", async () => {
  const { call } = await open({ flags: ["--disable-gpu", "--disable-software-rasterizer", "--disable-3d-apis"] });
  expect(await call("probe")).toMatchObject({
    ok: false,
    reason: expect.stringContaining("WebGL 2"),
    fix: expect.stringContaining("wasm"),
  });
});

it("keeps the next session intact if a lost one is disposed before or after it, and opens one session at a time", async () => {
  const { call, problems } = await open({});
  const gone = { backend: "cpu", place: false, dilation: false };
  const whole = { backend: "webgl", place: true, dilation: true, nine: 9 };
  expect(await call("overlaps")).toEqual({
    afterLost: [whole, gone],
    lostLast: [gone],
    atOnce: ["fulfilled", "A WebGL session is open already.", whole, gone],
  });
  expect(problems).toEqual([]);
});

it("returns no zeros if the context is lost during a read, and leaves no read pending", async () => {
  const { call } = await open({});
  expect(await call("duringRead")).toEqual([
    "BackendLostError: The WebGL context was lost.",
    "BackendLostError: The WebGL context was lost.",
    "BackendError: The WebGL session was disposed before this tensor was read.",
  ]);
});

it("compiles the shaders of a whole update beforehand without blocking the page", async () => {
  const { call, problems } = await open({});
  const { compiled, told, turns, late, losses, ...rest } = await call<{
    compiled: number;
    told: number;
    turns: number;
    late: number;
    losses: readonly number[];
  }>("compileBeforehand");
  expect(rest).toEqual({ counted: true, leaked: 0, untouched: true, again: 0 });
  expect(compiled).toBeGreaterThan(30);
  expect(told).toBe(compiled + 1);
  expect(turns).toBeGreaterThan(compiled / 2);
  expect(late).toBe(0);
  expect(losses[1]).toBeLessThan(losses[0] as number);
  expect(problems).toEqual([]);
});

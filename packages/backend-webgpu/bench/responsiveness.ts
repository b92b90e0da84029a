// `npx tsx packages/backend-webgpu/bench/responsiveness.ts` measures the longest time for which a page in Chromium is blocked while
// WebGPU or WebGL trains in it, and while a Worker trains. Writes responsiveness.json.
import { writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { WEBGL_FLAGS, WEBGPU_FLAGS } from "../../../tools/browser/flags.ts";
import { openPage } from "../../../tools/browser/page.ts";
import type { Gaps } from "./responsiveness-page.ts";

const round = (ms: number): number => Math.round(ms);
const results: Record<string, unknown> = {};
for (const [backend, flags] of [["webgpu", WEBGPU_FLAGS] as const, ["webgl", WEBGL_FLAGS] as const]) {
  const page = await openPage({
    entry: new URL("./responsiveness-page.ts", import.meta.url),
    worker: new URL(`../../backend-${backend}/test/worker.ts`, import.meta.url),
    flags,
  });
  const atRest = await page.call<number>("atRest");
  const { firstStep, later, steps, stepMs } = await page.call<Gaps>("inPage", backend);
  const beside = await page.call<{ later: number; problem: string | undefined }>("besideWorker");
  await page.close();
  if (beside.problem) throw new Error(beside.problem);
  results[backend] = {
    atRest: round(atRest),
    inPage: { firstStep: round(firstStep), laterSteps: round(later), steps, stepMs: round(stepMs) },
    besideWorker: round(beside.later),
  };
}
const machine = `${cpus()[0]?.model ?? "unknown"}, ${cpus().length} threads, load ${loadavg()[0]?.toFixed(1)}`;
const report = { what: "longest gap between two turns of the page's event loop, ms", machine, ...results };
writeFileSync(new URL("./responsiveness.json", import.meta.url), `${JSON.stringify(report, null, 2)}\n`);
console.log(JSON.stringify(report, null, 2));

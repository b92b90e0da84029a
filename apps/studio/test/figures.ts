// `pnpm --filter app-studio figures` measures the studio on wasm with three classes of 50 pictures and writes figures.json beside it.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { buildSite, serveFolder } from "../site/site.ts";
import { addFiles, nameClasses, opened, startBrowser, startTraining, trained, tryPicture } from "./driver.ts";
import { CLASSES, emoji } from "./pictures.ts";

const PICTURES = 50;
const folder = mkdtempSync(join(tmpdir(), "graft-figures-"));
await buildSite(folder);
const site = await serveFolder(folder);
const browser = await startBrowser();
const page = await browser.newPage();
const scripts = new Set<string>();
page.on("request", (request) => {
  const { pathname } = new URL(request.url());
  if (pathname.endsWith(".js")) scripts.add(pathname.slice(pathname.lastIndexOf("/") + 1));
});
await page.addInitScript(() => {
  const tasks: number[] = [];
  Object.assign(globalThis, { longTasks: tasks });
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) tasks.push(Math.round(duration));
  }).observe({ entryTypes: ["longtask"] });
});

const began = performance.now();
const since = (from: number): number => Math.round((performance.now() - from) / 100) / 10;
await page.goto(site.url);
await opened(page);
const openSeconds = since(began);
// The service worker fetches every file, so the files are counted before it does.
const loaded = [...scripts].filter((name) => name !== "service-worker.js");
await nameClasses(page, CLASSES);
const adding = performance.now();
for (const [i, category] of CLASSES.entries()) await addFiles(page, i, emoji(category, 0, PICTURES));
const addSeconds = since(adding);
const asking = performance.now();
const [probe] = emoji(CLASSES[1], 80, 1);
if (!probe) throw new Error("The package has too few pictures.");
await tryPicture(page, probe);
const firstAnswerSeconds = since(asking);
await page.evaluate("longTasks.length = 0");
const train = async (effort: number): Promise<{ readonly seconds: number; readonly right: string }> => {
  const start = performance.now();
  await startTraining(page, effort);
  await page.locator(".progress").waitFor();
  const [right, all] = await trained(page);
  return { seconds: since(start), right: `${right} of ${all}` };
};
const head = await train(0);
const blocks = await train(1);
const longTasks = (await page.evaluate("longTasks")) as readonly number[];
await browser.close();
site.close();
const gzip = (names: readonly string[]): number =>
  names.reduce((sum, name) => sum + gzipSync(readFileSync(join(folder, name)), { level: 9 }).length, 0);
const figures = {
  conditions: {
    processor: cpus()[0]?.model,
    cores: availableParallelism(),
    load: loadavg().map((value) => Math.round(value * 10) / 10),
    backend: "wasm",
    pictures: `${CLASSES.length} × ${PICTURES} of 160 × 160 pixels`,
  },
  scripts: {
    pageGzipBytes: gzip(loaded.filter((name) => !/worker|dist|shared|Unique/.test(name))),
    allGzipBytes: gzip(loaded),
  },
  openSeconds,
  addSeconds,
  firstAnswerSeconds,
  head,
  blocks,
  longTasksWhileTraining: { count: longTasks.length, longestMilliseconds: Math.max(0, ...longTasks) },
};
rmSync(folder, { recursive: true, force: true });
writeFileSync(join(import.meta.dirname, "figures.json"), `${JSON.stringify(figures, null, 2)}\n`);
console.log(figures);

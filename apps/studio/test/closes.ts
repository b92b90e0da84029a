/**
 * `pnpm --filter app-studio closes [number]` closes the studio at random moments, opens it again, and counts lost pictures and trainings
 * with other bits. It writes closes.json beside this file. 200 closes take about half an hour.
 *
 * Most closes close the tab. Every tenth kills all processes of the browser. Before some closes a picture is added: it must be there
 * afterwards if the page had shown it. Each training that ends must have the bits of one without a break.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { QUIET_FLAGS } from "../../../tools/browser/flags.ts";
import { chromiumPath } from "../../../tools/browser/install-debian.mjs";
import { buildSite, serveFolder } from "../site/site.ts";
import { addFiles, downloaded, nameClasses, opened, startTraining, trained } from "./driver.ts";
import { CLASSES, emoji } from "./pictures.ts";

const CLOSES = Number(process.argv[2] ?? 200);
const PICTURES = 10;
const folder = mkdtempSync(join(tmpdir(), "graft-closes-"));
const profile = join(folder, "profile");
await buildSite(join(folder, "site"));
const site = await serveFolder(join(folder, "site"));
let random = 1;
/** Returns a number from 0 to 1, the same sequence in every run. */
const next = (): number => {
  random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
  return random / 2 ** 32;
};
const launch = (): Promise<BrowserContext> =>
  chromium.launchPersistentContext(profile, { executablePath: chromiumPath(), args: [...QUIET_FLAGS] });
const count = async (page: Page, place: number): Promise<number> =>
  Number.parseInt((await page.locator(".count").nth(place).textContent()) || "0", 10);
const delta = (page: Page): Promise<Buffer> =>
  downloaded(page, () => page.getByText("Download the changes").click({ timeout: 60_000 }));

let context = await launch();
let page = await context.newPage();
const open = async (): Promise<void> => {
  page = await context.newPage();
  await page.goto(site.url);
  await opened(page);
};
await page.goto(site.url);
await opened(page);
await nameClasses(page, CLASSES);
for (const [i, category] of CLASSES.entries()) await addFiles(page, i, emoji(category, 0, PICTURES));
const began = performance.now();
await startTraining(page, 1);
await page.locator(".progress").waitFor();
await trained(page);
const trainingMilliseconds = performance.now() - began;
const reference = await delta(page);

const seen = { closes: 0, kills: 0, picturesAdded: 0, picturesLost: 0, trainings: 0, otherBits: 0 };
while (seen.closes + seen.kills < CLOSES) {
  const running = page.locator(".progress");
  if (!(await running.isVisible())) {
    const again = page.getByText("Continue training");
    if (await again.isVisible()) await again.click();
    else await startTraining(page, 1);
    await running.waitFor();
  }
  const adds = next() < 0.3;
  if (adds) {
    await addFiles(page, 0, emoji(CLASSES[0], 60, 1));
    seen.picturesAdded++;
  }
  const ended = await page
    .locator(".choice")
    .waitFor({ timeout: 1 + next() * trainingMilliseconds })
    .then(() => true)
    .catch(() => false);
  if (ended) {
    seen.trainings++;
    if (Buffer.compare(await delta(page), reference) !== 0) seen.otherBits++;
  } else if ((seen.closes + seen.kills) % 10 === 9) {
    execFileSync("pkill", ["-9", "-f", profile]);
    await context.close().catch(() => {});
    context = await launch();
    seen.kills++;
    await open();
  } else {
    const left = page;
    await left.close();
    seen.closes++;
    await open();
  }
  const wanted = PICTURES + Number(adds);
  const lost = wanted - (await count(page, 0)) + 2 * PICTURES - (await count(page, 1)) - (await count(page, 2));
  seen.picturesLost += Math.abs(lost);
  if (adds) {
    await page.locator(".class").first().locator(".thumbnails .remove").first().click({ force: true });
    await page.locator(".count").first().getByText(`${PICTURES} pictures`).waitFor();
  }
  console.log(JSON.stringify(seen));
}
await context.close();
site.close();
rmSync(folder, { recursive: true, force: true });
const conditions = { processor: cpus()[0]?.model, cores: availableParallelism(), backend: "wasm" };
writeFileSync(join(import.meta.dirname, "closes.json"), `${JSON.stringify({ conditions, ...seen }, null, 2)}\n`);
process.exitCode = seen.picturesLost + seen.otherBits > 0 ? 1 : 0;

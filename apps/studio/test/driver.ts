import { readFileSync } from "node:fs";
import axe from "axe-core";
import { type Browser, chromium, type Page } from "playwright-core";
import { QUIET_FLAGS } from "../../../tools/browser/flags.ts";
import { chromiumPath } from "../../../tools/browser/install-debian.mjs";
import type { PictureFile } from "./pictures.ts";

/** Starts Chromium with a camera that shows a moving picture. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath(),
    args: [...QUIET_FLAGS, "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"],
  });
}

/** Waits until the project is open. */
export async function opened(page: Page): Promise<void> {
  await page.locator(".opening").waitFor({ state: "hidden", timeout: 60_000 });
  await page.locator("input.name").first().waitFor();
}

/** Adds classes until there are as many as names, and names them. */
export async function nameClasses(page: Page, names: readonly string[]): Promise<void> {
  for (const [i, name] of names.entries()) {
    if (i >= (await page.locator("input.name").count())) {
      await page.locator("button.add").click();
      await page.locator("input.name").nth(i).waitFor();
    }
    await page.locator("input.name").nth(i).fill(name);
    await page.locator("input.name").nth(i).blur();
  }
}

/** Adds picture files to a class and waits until they are stored. */
export async function addFiles(page: Page, place: number, files: readonly PictureFile[]): Promise<void> {
  const card = page.locator(".class").nth(place);
  const before = Number.parseInt((await card.locator(".count").textContent()) || "0", 10);
  await card.locator("input[type=file]").setInputFiles([...files]);
  await card.getByText(new RegExp(`^${before + files.length} `)).waitFor({ timeout: 60_000 });
}

/** Chooses a picture to try and waits for the answer. Returns the percentages of all classes. */
export async function tryPicture(page: Page, file: PictureFile): Promise<readonly number[]> {
  await page.locator(".try input[type=file]").setInputFiles({ ...file });
  await page.locator(".bars li.best").waitFor({ timeout: 60_000 });
  return percentages(page);
}

export async function percentages(page: Page): Promise<readonly number[]> {
  const texts = await page.locator(".bar-number").allInnerTexts();
  return texts.map((text) => Number.parseInt(text, 10));
}

/** Chooses an effort and starts the training. @param effort 0, 1 or 2 */
export async function startTraining(page: Page, effort: number): Promise<void> {
  await page.locator("#effort").fill(String(effort));
  await page.locator(".choice .primary").click();
}

/** Waits until the training is finished. Returns the numbers of right answers and of pictures kept aside. */
export async function trained(page: Page): Promise<readonly number[]> {
  await page.locator(".choice").waitFor({ timeout: 300_000 });
  const score = (await page.locator(".score strong").textContent({ timeout: 10_000 })) ?? "";
  return (score.match(/\d+/g) ?? []).map(Number);
}

/** Clicks and returns the bytes of the file that is downloaded. */
export async function downloaded(page: Page, click: () => Promise<void>): Promise<Buffer> {
  const [file] = await Promise.all([page.waitForEvent("download"), click()]);
  return readFileSync(await file.path());
}

/** Runs axe on the page in both colour schemes. Returns the rule and the elements of each violation. */
export async function accessibilityProblems(page: Page): Promise<readonly string[]> {
  // A call by the debugger, which the page's Content-Security-Policy does not restrict.
  await page.evaluate(axe.source);
  const found: string[] = [];
  for (const colorScheme of ["light", "dark"] as const) {
    // A colour in transition has another contrast.
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    const { violations } = (await page.evaluate("axe.run()")) as axe.AxeResults;
    for (const { id, nodes } of violations)
      found.push(`${colorScheme} ${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  }
  return found;
}

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unzipSync } from "fflate";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildSite, type Site, serveFolder } from "../site/site.ts";
import {
  accessibilityProblems,
  addFiles,
  downloaded,
  nameClasses,
  opened,
  percentages,
  startBrowser,
  startTraining,
  trained,
  tryPicture,
} from "./driver.ts";
import { CLASSES, emoji } from "./pictures.ts";

const folder = mkdtempSync(join(tmpdir(), "graft-studio-"));
const example = readFileSync(join(import.meta.dirname, "../../../examples/studio/index.html"), "utf8");
const foreign: string[] = [];
const problems: string[] = [];
let site: Site;
let browser: Browser;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  await buildSite(join(folder, "studio"));
  site = await serveFolder(folder, { "index.html": example });
  browser = await startBrowser();
  context = await browser.newContext();
  page = await context.newPage();
  context.on("request", (request) => {
    if (!/^(blob|data):/.test(request.url()) && !request.url().startsWith(site.url)) foreign.push(request.url());
  });
  page.on("pageerror", ({ message }) => problems.push(message));
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  await page.goto(`${site.url}studio/`);
  await opened(page);
});
afterAll(async () => {
  await browser?.close();
  site?.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("the studio in Chromium, on wasm", () => {
  it("answers by comparing as soon as the classes have pictures", async () => {
    await nameClasses(page, CLASSES);
    for (const [i, category] of CLASSES.entries()) await addFiles(page, i, emoji(category, 0, 10));
    const shares = await tryPicture(page, emoji(CLASSES[1], 40, 1)[0] as never);
    expect(shares).toHaveLength(3);
    expect(Math.abs(shares.reduce((a, b) => a + b, 0) - 100)).toBeLessThanOrEqual(2);
  });

  it("names a file that is not a picture, and adds none", async () => {
    const broken = { name: "broken.png", mimeType: "image/png", buffer: Buffer.from("no picture") };
    await page.locator(".class input[type=file]").first().setInputFiles(broken);
    await page.getByText("broken.png is not a picture").waitFor();
    expect(await page.locator(".count").first().textContent()).toBe("10 pictures");
  });

  it("trains the head, tests it on pictures kept aside, and gives a whole model away", async () => {
    await startTraining(page, 0);
    const [right = 0, all] = await trained(page);
    expect(all).toBe(6);
    expect(right).toBeGreaterThan(2);
    const files = unzipSync(await downloaded(page, () => page.getByText("Download the model").click()));
    const model = JSON.parse(Buffer.from(files["model.json"] as Uint8Array).toString());
    expect(model.userDefinedMetadata.graft.classes).toEqual(CLASSES);
    const [{ paths, weights }] = model.weightsManifest;
    const values = weights.reduce(
      (sum: number, { shape }: { shape: number[] }) => sum + shape.reduce((a, b) => a * b, 1),
      0,
    );
    expect(files[paths[0]]).toHaveLength(4 * values);
    expect(weights.find(({ name }: { name: string }) => name === "head/bias").shape).toEqual([3]);
  });

  it("has no problem that axe finds, in both colour schemes", async () => {
    expect(await accessibilityProblems(page)).toEqual([]);
  });

  it("fits a phone without scrolling sideways", async () => {
    const before = page.viewportSize();
    await page.setViewportSize({ width: 360, height: 700 });
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
    if (before) await page.setViewportSize(before);
  });

  it("continues a training of the last blocks after a reload, bit for bit", async () => {
    const delta = (): Promise<Buffer> => downloaded(page, () => page.getByText("Download the changes").click());
    await startTraining(page, 1);
    // Two of six epochs are done, and the second checkpoint may be half written.
    await page.waitForFunction(() => {
      const root = document.querySelector("graft-studio")?.shadowRoot;
      const points = root?.querySelector("[data-stage=deep] polyline.learned")?.getAttribute("points") ?? "";
      return points.split(" ").length >= 2;
    });
    await page.reload();
    await opened(page);
    await page.getByText("Continue training").click();
    await page.locator(".progress").waitFor();
    await trained(page);
    const continued = await delta();
    await startTraining(page, 1);
    await page.locator(".progress").waitFor();
    await trained(page);
    expect(Buffer.compare(await delta(), continued)).toBe(0);
  });

  it("is back after a reload without a connection, with pictures, names and model", async () => {
    const before = await tryPicture(page, emoji(CLASSES[1], 40, 1)[0] as never);
    await page.evaluate("navigator.serviceWorker.ready.then(() => undefined)");
    await context.setOffline(true);
    await page.reload();
    await opened(page);
    expect(await page.locator(".count").allInnerTexts()).toEqual(Array(3).fill("10 pictures"));
    expect(await tryPicture(page, emoji(CLASSES[1], 40, 1)[0] as never)).toEqual(before);
    await context.setOffline(false);
  });

  it("saves a project as a file, and opens it after everything was removed", async () => {
    const menu = page.locator(".menu summary");
    await menu.click();
    const file = await downloaded(page, () => page.getByText("Save as a file").click());
    page.once("dialog", (dialog) => dialog.accept());
    await menu.click();
    await page.getByText("Start over").click();
    await page.locator(".class").nth(2).waitFor({ state: "detached" });
    const chosen = { name: "mine.graft-project", mimeType: "", buffer: file };
    await page.locator("header input[type=file]").setInputFiles(chosen);
    await page.getByText("10 pictures").nth(2).waitFor();
    const damaged = { ...chosen, buffer: file.subarray(0, file.length - 1) };
    await page.locator("header input[type=file]").setInputFiles(damaged);
    await page.getByText("This file is not a project").waitFor();
    expect(await page.locator(".count").allInnerTexts()).toEqual(Array(3).fill("10 pictures"));
    // The refusal is written to the console too.
    expect(problems.splice(0).join()).toMatch(/^StudioError/);
  });

  it("takes pictures with the camera and by drawing, in a plain page that embeds it, and has German texts", async () => {
    const other = await context.newPage();
    await other.route("**/some/path/", (route) =>
      route.fulfill({ body: example.replace('lang="en"', 'lang="de"'), contentType: "text/html" }),
    );
    await other.goto(site.url);
    await opened(other);
    await other.getByText("Kamera benutzen").first().click();
    await other.locator("button:enabled", { hasText: "Gedrückt halten" }).focus();
    await other.keyboard.press("Enter");
    await other.getByText("1 Bild", { exact: true }).waitFor();
    expect(await percentages(other)).toHaveLength(2);
    await other.getByText("Kamera schließen").click();
    await other.getByText("Zeichnen").first().click();
    for (const key of ["Space", "ArrowDown", "ArrowDown", "ArrowRight", "Space"]) await other.keyboard.press(key);
    await other.getByText("Zeichnung hinzufügen").click();
    await other.getByText("2 Bilder", { exact: true }).waitFor();
    await other.close();
  });

  it("sent no request to another origin and caused no error", () => {
    expect(foreign).toEqual([]);
    expect(problems).toEqual([]);
  });
});

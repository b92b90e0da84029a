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
/** A model of one convolution and one dense layer, as tfjs saves it. */
function ownBase(): { name: string; mimeType: string; buffer: Buffer }[] {
  const layer = (class_name: string, config: object) => ({ class_name, config });
  const config = [
    layer("Conv2D", {
      name: "conv",
      filters: 4,
      kernel_size: [3, 3],
      strides: [2, 2],
      batch_input_shape: [null, 32, 32, 3],
    }),
    layer("GlobalAveragePooling2D", { name: "pool" }),
    layer("Dense", { name: "out", units: 2, activation: "softmax" }),
  ];
  const shapes = { "conv/kernel": [3, 3, 3, 4], "conv/bias": [4], "out/kernel": [4, 2], "out/bias": [2] };
  const weights = Object.entries(shapes).map(([name, shape]) => ({ name, shape, dtype: "float32" }));
  const values = Float32Array.from({ length: 122 }, (_, i) => Math.sin(i * i));
  const model = {
    modelTopology: { class_name: "Sequential", config: { name: "own", layers: config } },
    weightsManifest: [{ paths: ["weights.bin"], weights }],
  };
  return [
    { name: "model.json", mimeType: "application/json", buffer: Buffer.from(JSON.stringify(model)) },
    { name: "weights.bin", mimeType: "", buffer: Buffer.from(values.buffer) },
  ];
}

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
  page.on("dialog", (dialog) => dialog.accept());
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
    expect(model.userDefinedMetadata.graft.reader.with.size).toEqual([160, 160]);
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
    await menu.click();
    await page.getByText("Start over").click();
    await page.locator(".class").nth(2).waitFor({ state: "detached" });
    const chosen = { name: "mine.graft-project", mimeType: "", buffer: file };
    await page.locator("header input[accept='.graft-project']").setInputFiles(chosen);
    await page.getByText("10 pictures").nth(2).waitFor();
    const damaged = { ...chosen, buffer: file.subarray(0, file.length - 1) };
    await page.locator("header input[accept='.graft-project']").setInputFiles(damaged);
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

  it("starts from a model of one's own, also after a reload, and refuses files that are none", async () => {
    const files = ownBase();
    const input = page.locator("header input[accept='.json,.bin']");
    await input.setInputFiles(files.slice(0, 1));
    await page.getByText("These files are not a model").waitFor();
    expect(problems.splice(0).join()).toMatch(/StudioError.*weights.bin is missing/);
    await input.setInputFiles(files);
    await page.getByText("The model to start from was changed").waitFor();
    await startTraining(page, 0);
    await page.getByText("Answers of your trained model.").waitFor();
    const answers: (readonly number[])[] = [];
    for (let i = 0; i < 2; i++) {
      await page.reload();
      await opened(page);
      answers.push(await tryPicture(page, emoji(CLASSES[1], 40, 1)[0] as never));
    }
    expect(answers[1]).toEqual(answers[0]);
    await page.locator(".menu summary").click();
    await page.getByText("Start from the first model again").click();
    await page.getByText("The model to start from was changed").waitFor();
    expect(await page.locator(".count").allInnerTexts()).toEqual(Array(3).fill("10 pictures"));
  });

  it("keeps nothing of a training that was running when everything was removed", async () => {
    await startTraining(page, 1);
    // The features of all pictures are computed again first.
    await page.locator("[data-stage=deep]").waitFor({ timeout: 120_000 });
    await page.locator(".menu summary").click();
    await page.getByText("Start over").click();
    await page.locator(".class").nth(2).waitFor({ state: "detached" });
    await page.locator(".choice").waitFor();
    await page.reload();
    await opened(page);
    expect(await page.getByText("Download the model").isVisible()).toBe(false);
    expect(await page.getByText("Continue training").isVisible()).toBe(false);
  });

  it("sent no request to another origin and caused no error", () => {
    expect(foreign).toEqual([]);
    expect(problems).toEqual([]);
  });
});

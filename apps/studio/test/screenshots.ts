// `pnpm --filter app-studio screenshots FOLDER` takes pictures of every state: light, dark, and as wide as a phone.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSite, serveFolder } from "../site/site.ts";
import { addFiles, nameClasses, opened, startBrowser, startTraining, trained, tryPicture } from "./driver.ts";
import { CLASSES, emoji } from "./pictures.ts";

const out = process.argv[2] ?? "screenshots";
mkdirSync(out, { recursive: true });
const folder = mkdtempSync(join(tmpdir(), "graft-screenshots-"));
await buildSite(folder);
const site = await serveFolder(folder);
const browser = await startBrowser();
const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
const shoot = async (state: string): Promise<void> => {
  for (const [look, width, colorScheme] of [
    ["light", 1280, "light"],
    ["dark", 1280, "dark"],
    ["phone", 390, "light"],
  ] as const) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 800 });
    await page.screenshot({ path: join(out, `${state}-${look}.png`), fullPage: true });
  }
};
await page.goto(site.url);
await opened(page);
await shoot("start");
await nameClasses(page, ["Flags", "Smileys", "Animals"]);
for (const [i, category] of CLASSES.entries()) await addFiles(page, i, emoji(category, 0, 20));
const [probe] = emoji(CLASSES[1], 80, 1);
if (!probe) throw new Error("The package has too few pictures.");
await tryPicture(page, probe);
await shoot("classes");
await page.locator(".class").first().getByText("Use the camera").click();
await page.locator(".camera video").waitFor();
await shoot("camera");
await page.getByText("Close the camera").click();
await startTraining(page, 1);
await page.locator("[data-stage=deep]").waitFor({ timeout: 120_000 });
await page.waitForFunction(() => {
  const root = document.querySelector("graft-studio")?.shadowRoot;
  return (root?.querySelector("polyline.learned")?.getAttribute("points") ?? "").split(" ").length >= 3;
});
await page.getByRole("button", { name: "Pause" }).click();
await shoot("training");
await page.locator(".progress").getByRole("button", { name: "Continue" }).click();
await trained(page);
await page.locator("details:not(.menu) summary").click();
await shoot("result");
await browser.close();
site.close();
rmSync(folder, { recursive: true, force: true });

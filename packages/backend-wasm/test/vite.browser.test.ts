import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, extname, join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { QUIET_FLAGS } from "../../../tools/browser/flags.ts";
import { chromiumPath } from "../../../tools/browser/install-debian.mjs";
import type { train } from "./vite/train.ts";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".wasm": "application/wasm",
};
const peer = join(
  dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm/package.json")),
  "dist",
);
const folder = mkdtempSync(join(tmpdir(), "graft-vite-"));
const asked: string[] = [];
const problems: string[] = [];
let server: Server;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  const root = join(import.meta.dirname, "vite");
  await build({
    root,
    logLevel: "error",
    configFile: false,
    worker: { format: "es" },
    build: { outDir: folder, emptyOutDir: true },
  });
  server = createServer((request, response) => {
    const path = request.url === "/" ? "/index.html" : (request.url as string);
    try {
      response.setHeader("content-type", TYPES[extname(path)] ?? "text/plain");
      response.end(readFileSync(join(folder, path)));
    } catch {
      response.statusCode = 404;
      response.end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  browser = await chromium.launch({ executablePath: chromiumPath(), args: [...QUIET_FLAGS] });
  page = await browser.newPage();
  page.on("pageerror", ({ message }) => problems.push(message));
  // The test answers requests to jsDelivr with the installed peer's files.
  await page.route("https://cdn.jsdelivr.net/**", (route) => {
    const url = route.request().url();
    asked.push(url);
    return route.fulfill({
      path: join(peer, url.slice(url.lastIndexOf("/") + 1)),
      contentType: "application/wasm",
      headers: { "access-control-allow-origin": "*" },
    });
  });
  await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/`);
  await page.waitForFunction("globalThis.trainInWorker !== undefined");
});
afterAll(async () => {
  await browser?.close();
  server?.close();
  rmSync(folder, { recursive: true, force: true });
});

function expectTrained({ losses, missing }: Awaited<ReturnType<typeof train>>): void {
  expect(missing).toEqual([]);
  expect(losses).toHaveLength(5);
  for (let i = 1; i < losses.length; i++) expect(losses[i]).toBeLessThan(losses[i - 1] as number);
}

describe("built for production by Vite, without copied .wasm files", () => {
  it("a page trains, with the files of the peer's version from jsDelivr", async () => {
    expectTrained(await page.evaluate("trainInPage()"));
    expect(asked.at(-1)).toMatch(/@tensorflow\/tfjs-backend-wasm@4\.\d+\.\d+\/dist\/tfjs-backend-wasm-simd\.wasm$/);
  });

  it("a Web Worker trains, with the files that Vite emits", async () => {
    const before = asked.length;
    expectTrained(await page.evaluate("trainInWorker()"));
    expect(asked).toHaveLength(before);
  });

  it("caused no uncaught error", () => {
    expect(problems).toEqual([]);
  });
});

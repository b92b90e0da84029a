import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { extname, join } from "node:path";
import { root } from "../bootstrap.mjs";

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm", ".css": "text/css" };

/**
 * Serves a built page on loopback, opens it in Chromium, and trains.
 *
 * @returns what the page says at the end, the servers that it asked, and its size. Without Chromium, only the size.
 */
export async function tryPage(folder) {
  const files = readdirSync(folder, { recursive: true }).map((name) => join(folder, name));
  const bytes = files.map((file) => statSync(file)).reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0);
  const size = { megabytes: Math.round(bytes / 1e4) / 100 };
  const executablePath = ["/usr/bin/chromium", "/usr/bin/google-chrome"].find((path) => existsSync(path));
  if (!executablePath) return size;
  const { chromium } = createRequire(join(root, "apps/studio/package.json"))("playwright-core");
  const server = createServer((request, response) => {
    const path = join(folder, new URL(request.url ?? "/", "http://localhost").pathname.replace(/\/$/, "/index.html"));
    if (!existsSync(path)) return void response.writeHead(404).end();
    response.setHeader("content-type", TYPES[extname(path)] ?? "application/octet-stream");
    response.end(readFileSync(path));
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  try {
    const page = await browser.newPage();
    const [hosts, errors] = [new Set(), []];
    page.on("request", (request) => hosts.add(new URL(request.url()).hostname));
    page.on("pageerror", (error) => errors.push(String(error)));
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    await page.click("#train");
    await page
      .waitForSelector("#delta:not([hidden])", { timeout: 60_000 })
      .catch((error) => errors.push(String(error)));
    return { ...size, state: await page.textContent("#state"), hosts: [...hosts].filter(Boolean), errors };
  } finally {
    await browser.close();
    server.close();
  }
}

import { existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { type Browser, chromium } from "playwright-core";
import { QUIET_FLAGS } from "./flags.ts";
import { chromiumPath } from "./install-debian.mjs";

/** Parts of a page under test. */
export interface PageOptions {
  /** Module whose exports can be called as `page.call(name, argument)`. */
  readonly entry: URL;
  /** Module that is served as `/worker.js`. */
  readonly worker?: URL;
  /** Other files to serve, by path. @default {} */
  readonly files?: { readonly [path: string]: Uint8Array };
  /** Flags in addition to the quiet ones of flags.ts. @default [] */
  readonly flags?: readonly string[];
  /** Headers of every response, such as those of cross-origin isolation. @default {} */
  readonly headers?: Readonly<Record<string, string>>;
  /** Host in the URL. Any host other than localhost makes an insecure context. @default "localhost" */
  readonly host?: string;
}

/** A page in Chromium. */
export interface TestPage {
  /** Calls an export of the entry in the page. Argument and result are sent as JSON. */
  call<T>(name: string, argument?: unknown): Promise<T>;
  /** Uncaught errors and `console.error`s so far. */
  readonly problems: readonly string[];
  /** Ends Chromium's GPU process, like a crash of the driver. */
  killGpuProcess(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Bundles the entry for the browser, serves it and opens it in Debian's Chromium. Each page has its own profile. Pages with the
 * same flags share one browser.
 */
export async function openPage(options: PageOptions): Promise<TestPage> {
  const { entry, worker, files: more = {}, flags = [], headers = {}, host = "localhost" } = options;
  const executablePath = chromiumPath();
  if (!existsSync(executablePath)) {
    throw new Error(`No Chromium at ${executablePath}. Run: node tools/browser/install-debian.mjs`);
  }
  const files = new Map<string, readonly [type: string, body: string | Uint8Array]>([
    ["/", ["text/html", '<!doctype html><meta charset="utf-8"><script type="module" src="/page.js"></script>']],
    ["/page.js", ["text/javascript", await bundle(entry)]],
    ["/favicon.ico", ["image/x-icon", ""]],
    ...Object.entries(more).map(([path, body]) => [path, ["application/octet-stream", body]] as const),
  ]);
  if (worker) files.set("/worker.js", ["text/javascript", await bundle(worker)]);
  const server = createServer((request, response) => {
    const file = files.get(request.url ?? "");
    response.writeHead(file ? 200 : 404, { ...headers, "content-type": file?.[0] ?? "text/plain" });
    response.end(file?.[1]);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const problems: string[] = [];
  const browser = await browserWith([`--host-resolver-rules=MAP ${host} 127.0.0.1`, ...flags]);
  const page = await browser.newPage();
  page.on("pageerror", (error) => problems.push(`uncaught: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(message.text());
  });
  await page.goto(`http://${host}:${(server.address() as AddressInfo).port}/`);
  await page
    .waitForFunction("globalThis.pageUnderTest !== undefined", undefined, { timeout: 60_000 })
    .catch((cause) => {
      throw new Error(`The page did not start: ${problems.join("; ") || cause}`, { cause });
    });
  return {
    problems,
    async call<T>(name: string, argument?: unknown): Promise<T> {
      return (await page.evaluate(
        ([method, json]) =>
          (globalThis as unknown as { pageUnderTest: Record<string, (x: unknown) => unknown> }).pageUnderTest[
            method as string
          ]?.(json),
        [name, argument] as const,
      )) as T;
    },
    async killGpuProcess(): Promise<void> {
      const session = await browser.newBrowserCDPSession();
      const { processInfo } = await session.send("SystemInfo.getProcessInfo");
      const gpu = processInfo.filter(({ type }) => type === "GPU");
      if (gpu.length !== 1) throw new Error(`Chromium has ${gpu.length} GPU processes, expected 1.`);
      for (const { id } of gpu) process.kill(id, "SIGKILL");
      await session.detach();
    },
    async close(): Promise<void> {
      await page.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** One Chromium per set of flags, because a start takes seconds. It ends with this process. */
const browsers = new Map<string, Promise<Browser>>();
function browserWith(flags: readonly string[]): Promise<Browser> {
  const key = flags.join(" ");
  const browser =
    browsers.get(key) ?? chromium.launch({ executablePath: chromiumPath(), args: [...QUIET_FLAGS, ...flags] });
  browsers.set(key, browser);
  return browser;
}

/** Bundles by their entry. Sources do not change while the tests of one process run. */
const bundles = new Map<string, Promise<string>>();
function bundle(entry: URL): Promise<string> {
  const script = bundles.get(entry.href) ?? scriptOf(entry);
  bundles.set(entry.href, script);
  return script;
}

/** Bundles a module into one script for the browser. Its exports become `globalThis.pageUnderTest`. */
async function scriptOf(entry: URL): Promise<string> {
  const path = fileURLToPath(entry);
  const { outputFiles } = await build({
    stdin: {
      contents: `import * as page from ${JSON.stringify(path)};\nglobalThis.pageUnderTest = page;`,
      resolveDir: fileURLToPath(new URL(".", entry)),
    },
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    platform: "browser",
    logLevel: "error",
    // tfjs's browser builds require these Node modules after a check for Node.
    external: ["crypto", "string_decoder", "util", "fs", "path"],
  });
  return outputFiles[0]?.text ?? "";
}

import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Observer } from "@graftjs/core";
import { type HtmlReportOptions, htmlReport } from "@graftjs/tuner";

/** A report that a browser shows during the run. */
export interface LiveReport {
  /** Address on this computer. Other computers cannot reach it. */
  readonly address: string;
  readonly observer: Observer;
  /** Ends the server. Pages that are open keep what they show. */
  close(): void;
}

/** Shows each new report in place of the one before. */
const SCRIPT = `const events = new EventSource("events");
events.onmessage = ({ data }) => {
  const page = new DOMParser().parseFromString(JSON.parse(data), "text/html");
  document.title = page.title;
  document.body.replaceChildren(...page.body.childNodes);
};
events.onerror = () => events.close();`;

const WAITING = "<!doctype html><title>Fine-tuning</title><body><p>The first epoch has not ended yet.</p>";

/**
 * Serves a report on loopback, at a port that the system chooses. The page has one script, which the browser knows by a random number, and loads
 * nothing from elsewhere.
 *
 * @param facts that the report shows.
 */
export async function liveReport(facts: Omit<HtmlReportOptions, "to" | "everyEpoch">): Promise<LiveReport> {
  let html = WAITING;
  const pages = new Set<ServerResponse>();
  const nonce = randomBytes(16).toString("base64");
  let host = "";
  const server = createServer((request, response) => {
    // A page of another host name that leads to this computer may not read the report.
    if (request.headers.host !== host || request.method !== "GET") return void response.writeHead(403).end();
    if (request.url === "/events") {
      response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
      response.write(messageOf(html));
      pages.add(response);
      request.on("close", () => pages.delete(response));
      return;
    }
    if (request.url !== "/") return void response.writeHead(404).end();
    response.writeHead(200, {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": `default-src 'none'; style-src 'unsafe-inline'; img-src data:; connect-src 'self'; script-src 'nonce-${nonce}'`,
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    });
    response.end(`${html}<script nonce="${nonce}">${SCRIPT}</script>`);
  });
  await new Promise<void>((done, failed) => server.once("error", failed).listen(0, "127.0.0.1", done));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  // The run does not wait for pages that are open.
  server.unref();
  const to = (next: string): void => {
    html = next;
    for (const page of pages) page.write(messageOf(html));
  };
  return {
    address: `http://${host}/`,
    observer: htmlReport({ ...facts, to, everyEpoch: true }),
    close() {
      for (const page of pages) page.end();
      server.close();
    },
  };
}

/** JSON has no line ends, which would end a message. */
function messageOf(html: string): string {
  return `data: ${JSON.stringify(html)}\n\n`;
}

/** Opens an address in the person's browser. Nothing happens if there is none: the address is printed, too. */
export function openBrowser(address: string): void {
  const [program, ...args] =
    process.platform === "darwin" ? ["open"] : process.platform === "win32" ? ["cmd", "/c", "start", ""] : ["xdg-open"];
  const child = spawn(program as string, [...args, address], { stdio: "ignore", detached: true });
  child.on("error", () => {});
  child.unref();
}

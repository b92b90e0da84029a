import { createWriteStream, existsSync, renameSync, rmSync, statSync } from "node:fs";
import { basename } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { messageOf } from "@graftjs/backend";
import { DownloadError, isNoSpace } from "../errors.ts";
import type { PinnedWheel } from "./wheels.ts";

const JSON_TYPE = "application/vnd.pypi.simple.v1+json";

/**
 * Downloads a wheel directly from a Python package index, for machines without Python. It continues the `.part` file of an
 * interrupted run.
 *
 * @param index URL of the index, in pip's form (`.../simple`). A user and password in it are sent as Basic authorization.
 * @param onBytes called with the number of bytes on disk, and the total if it is known.
 * @throws DownloadError, or the system's own error if the disk is full.
 * @see PEP 503 (HTML) and PEP 691 (JSON). Both forms are supported.
 */
export async function indexDownload(
  index: string,
  wheel: PinnedWheel,
  path: string,
  onBytes?: (done: number, total: number | undefined) => void,
): Promise<void> {
  const { base, headers } = credentials(index);
  try {
    const url = await fileUrl(base, headers, wheel);
    await fetchInto(url, url.origin === base.origin ? headers : {}, `${path}.part`, path, onBytes);
  } catch (cause) {
    if (cause instanceof DownloadError || isNoSpace(cause)) throw cause;
    const reason = cause instanceof Error && cause.cause ? messageOf(cause.cause) : messageOf(cause);
    throw new DownloadError(
      `${wheel.file} could not be downloaded from the index ${base.host} (${reason}).`,
      "Check the network and the index in PIP_INDEX_URL or pip.conf. Behind a proxy, install Python's pip, which supports proxies. Or download the file elsewhere and pass it with --wheel.",
      { cause },
    );
  }
}

async function fileUrl(base: URL, headers: Record<string, string>, wheel: PinnedWheel): Promise<URL> {
  const page = new URL(`${wheel.project}/`, base.href.endsWith("/") ? base : `${base.href}/`);
  const response = await fetch(page, { headers: { ...headers, accept: `${JSON_TYPE}, text/html;q=0.5` } });
  if (!response.ok) throw notServed(base, wheel, `${wheel.project}/ answers ${response.status}`);
  const isJson = response.headers.get("content-type")?.includes("json") ?? false;
  const href = isJson ? hrefInJson(await response.json(), wheel.file) : hrefInHtml(await response.text(), wheel.file);
  if (href === undefined) throw notServed(base, wheel, `it lists no ${wheel.file}`);
  return new URL(href, response.url);
}

function hrefInJson(page: unknown, file: string): string | undefined {
  const { files } = page as { files?: readonly { filename: string; url: string }[] };
  return files?.find(({ filename }) => filename === file)?.url;
}

function hrefInHtml(page: string, file: string): string | undefined {
  const hrefs = [...page.matchAll(/<a\s[^>]*href="([^"]+)"/gi)].map(([, href = ""]) => href.replaceAll("&amp;", "&"));
  return hrefs.find((href) => decodeURIComponent(basename(href.split(/[#?]/)[0] ?? "")) === file);
}

async function fetchInto(
  url: URL,
  headers: Record<string, string>,
  part: string,
  path: string,
  onBytes?: (done: number, total: number | undefined) => void,
): Promise<void> {
  let have = existsSync(part) ? statSync(part).size : 0;
  const response = await fetch(url, { headers: have > 0 ? { ...headers, range: `bytes=${have}-` } : headers });
  if (response.status === 416) {
    rmSync(part); // longer than the file, so it cannot be its beginning
    return fetchInto(url, headers, part, path, onBytes);
  }
  if (!response.ok || response.body === null) {
    throw new DownloadError(
      `${basename(path)}: ${url.host} answers ${response.status}.`,
      "Check that the index you configured serves the file.",
    );
  }
  if (response.status !== 206) have = 0;
  const length = Number(response.headers.get("content-length") ?? Number.NaN);
  const total = Number.isFinite(length) ? have + length : undefined;
  const body = Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]);
  body.on("data", (chunk: Buffer) => {
    have += chunk.length;
    onBytes?.(have, total);
  });
  await pipeline(body, createWriteStream(part, { flags: response.status === 206 ? "a" : "w" }));
  renameSync(part, path);
}

/** Moves user and password from the URL into a header, because `fetch` refuses such a URL. pip's configuration often has one. */
function credentials(index: string): { base: URL; headers: Record<string, string> } {
  const base = new URL(index);
  const { username, password } = base;
  base.username = "";
  base.password = "";
  const token = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString("base64");
  return { base, headers: username ? { authorization: `Basic ${token}` } : {} };
}

function notServed(base: URL, wheel: PinnedWheel, why: string): DownloadError {
  return new DownloadError(
    `The index ${base.host} does not serve ${wheel.project} ${wheel.version}: ${why}.`,
    "Set PIP_INDEX_URL to an index that has it, or download the file elsewhere and pass it with --wheel.",
  );
}

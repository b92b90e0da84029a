import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { DownloadError } from "../src/errors.ts";
import { indexDownload } from "../src/install/package-index.ts";
import { fakeWheel } from "./fake-wheel.ts";

const root = mkdtempSync(join(tmpdir(), "graft-index-"));
const { wheel, bytes } = fakeWheel(root);
const path = join(root, "got.whl");
let server: Server;
let origin: string;
let requests: { url: string; range?: string; authorization?: string }[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    const { range, authorization } = request.headers;
    requests.push({
      url: request.url as string,
      ...(range ? { range } : {}),
      ...(authorization ? { authorization } : {}),
    });
    if (request.url === "/json/tensorflow-cpu/") {
      response.setHeader("content-type", "application/vnd.pypi.simple.v1+json");
      response.end(
        JSON.stringify({
          files: [
            { filename: "other.whl", url: "x" },
            { filename: wheel.file, url: `../../files/${wheel.file}` },
          ],
        }),
      );
    } else if (request.url === "/html/tensorflow-cpu/") {
      response.setHeader("content-type", "text/html");
      response.end(
        `<html><a href="other.whl">o</a><a data-x="1" href="/files/${encodeURIComponent(wheel.file)}#sha256=0">w</a></html>`,
      );
    } else if (request.url === "/empty/tensorflow-cpu/") {
      response.setHeader("content-type", "application/json");
      response.end('{"files":[]}');
    } else if (request.url?.startsWith("/files/")) {
      const from = Number(/bytes=(\d+)-/.exec(range ?? "")?.[1] ?? 0);
      if (from >= bytes.length) return void response.writeHead(416).end();
      if (from > 0) response.writeHead(206);
      response.end(bytes.subarray(from));
    } else response.writeHead(404).end();
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  origin = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  requests = [];
  for (const file of [path, `${path}.part`]) rmSync(file, { force: true });
});
afterAll(() => {
  server.close();
  rmSync(root, { recursive: true, force: true });
});

describe("downloading without Python", () => {
  it.each(["json", "html"])("gets the wheel from an index that answers in %s", async (kind) => {
    const seen: number[] = [];
    await indexDownload(`http://${origin}/${kind}`, wheel, path, (done) => seen.push(done));
    expect(readFileSync(path).equals(bytes)).toBe(true);
    expect(seen.at(-1)).toBe(bytes.length);
  });

  it("continues the download of a killed run", async () => {
    writeFileSync(`${path}.part`, bytes.subarray(0, 70_000));
    await indexDownload(`http://${origin}/json/`, wheel, path);
    expect(requests.at(-1)?.range).toBe("bytes=70000-");
    expect(readFileSync(path).equals(bytes)).toBe(true);
  });

  it("starts again if the part is not a beginning of the file", async () => {
    writeFileSync(`${path}.part`, Buffer.alloc(bytes.length + 5));
    await indexDownload(`http://${origin}/json/`, wheel, path);
    expect(readFileSync(path).equals(bytes)).toBe(true);
  });

  it("sends the user and password of the index's URL, which fetch would refuse", async () => {
    await indexDownload(`http://me:se%3Acret@${origin}/json/`, wheel, path);
    expect(requests[0]?.authorization).toBe(`Basic ${Buffer.from("me:se:cret").toString("base64")}`);
  });

  it.runIf(existsSync("/dev/full"))("passes on the system's error for a full disk", async () => {
    symlinkSync("/dev/full", `${path}.part`);
    await expect(indexDownload(`http://${origin}/json/`, wheel, path)).rejects.toMatchObject({ code: "ENOSPC" });
  });

  it("reports that the index lacks the wheel, and that it does not answer", async () => {
    await expect(indexDownload(`http://${origin}/empty`, wheel, path)).rejects.toThrow(
      /lists no tensorflow_cpu-9\.9\.9/,
    );
    await expect(indexDownload(`http://${origin}/nowhere`, wheel, path)).rejects.toThrow(/answers 404/);
    await expect(indexDownload("http://127.0.0.1:9/simple", wheel, path)).rejects.toThrow(DownloadError);
  });
});

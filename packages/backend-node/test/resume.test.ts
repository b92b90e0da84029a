import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ChecksumError, DownloadError } from "../src/errors.ts";
import { installInto } from "../src/install/install-into.ts";
import type { InstallPlan } from "../src/install/plan.ts";
import { reporter } from "../src/install/report.ts";
import type { PinnedWheel } from "../src/install/wheels.ts";
import { fakeWheel } from "./fake-wheel.ts";
import { noPip, smallPlan } from "./small-plan.ts";

let root: string;
let cache: string;
let server: Server;
let index: string;
/** Behaviour of the server for a file: the number of bytes that it sends before it hangs up, or a status. */
let trouble: { readonly cutAt: number } | { readonly status: number } | undefined;
let served: string[];
let wheel: PinnedWheel;
let bytes: Buffer;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "graft-resume-"));
  cache = join(root, "cache");
  ({ wheel, bytes } = fakeWheel(root));
  [trouble, served] = [undefined, []];
  server = createServer((request, response) => {
    const file = /\/files\/(.+)/.exec(request.url ?? "")?.[1];
    if (file === undefined) {
      response.end([wheel, second()].map((one) => `<a href="/files/${one.file}">w</a>`).join());
      return;
    }
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
    served.push(`${file === wheel.file ? "first" : "second"} from ${from}`);
    if (trouble && "status" in trouble && file !== wheel.file) return void response.writeHead(trouble.status).end();
    if (from > 0) response.writeHead(206, { "content-length": bytes.length - from });
    else response.writeHead(200, { "content-length": bytes.length });
    if (trouble === undefined || "status" in trouble) return void response.end(bytes.subarray(from));
    response.write(bytes.subarray(from, trouble.cutAt), () => setTimeout(() => response.destroy(), 50));
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  index = `http://127.0.0.1:${(server.address() as AddressInfo).port}/simple`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
  rmSync(root, { recursive: true, force: true });
});

/** The same bytes under another name. */
const second = (): PinnedWheel => ({ ...wheel, file: `nvidia-${wheel.file}` });
const install = (wheels: readonly PinnedWheel[]): ReturnType<typeof installInto> => {
  const sources: InstallPlan["sources"] = { wheels: [], pip: noPip, index };
  return installInto(cache, smallPlan(root, { wheels, sources }), reporter());
};
const left = (): readonly string[] => readdirSync(join(cache, "downloads")).sort();

it("keeps the part of an interrupted download, and the next run continues it", async () => {
  trouble = { cutAt: 100_000 };
  await expect(install([wheel])).rejects.toThrow(/it continues the download/);
  expect(readdirSync(cache)).toEqual(["downloads"]);
  expect(left()).toEqual([`${wheel.file}.part`]);
  const kept = statSync(join(cache, "downloads", `${wheel.file}.part`)).size;
  expect(kept).toBeGreaterThan(0);
  trouble = undefined;
  expect(await install([wheel])).toMatchObject({ status: "installed" });
  expect(served).toEqual(["first from 0", `first from ${kept}`]);
  expect(readdirSync(cache)).toEqual(["tensorflow-9.9.9-linux-x64-cpu"]);
});

it("does not download wheels again that were checked", async () => {
  trouble = { status: 503 };
  await expect(install([wheel, second()])).rejects.toThrow(DownloadError);
  expect(left()).toEqual([wheel.file]);
  trouble = undefined;
  await install([wheel, second()]);
  expect(served).toEqual(["first from 0", "second from 0", "second from 0"]);
});

it("removes only the wheel with a wrong sum", async () => {
  const spoiled = { ...second(), sha256: "0".repeat(64) };
  await expect(install([wheel, spoiled])).rejects.toThrow(ChecksumError);
  expect(left()).toEqual([wheel.file]);
  expect(readFileSync(join(cache, "downloads", wheel.file)).equals(bytes)).toBe(true);
  expect(existsSync(join(cache, "downloads", spoiled.file))).toBe(false);
});

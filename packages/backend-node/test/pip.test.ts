import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { pipDownload } from "../src/install/pip.ts";
import { fakeWheel } from "./fake-wheel.ts";

const root = mkdtempSync(join(tmpdir(), "graft-pip-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const { wheel, bytes, path } = fakeWheel(root);

/** A pip that runs `code`, in which `dest` is the requested folder. */
const pip = (code: string): readonly string[] => [
  process.execPath,
  "-e",
  `const fs = require("node:fs"), args = process.argv.slice(1);
   const dest = args.find((arg) => arg.startsWith("--dest=")).slice(7);
   fs.mkdirSync(dest, { recursive: true });
   ${code}`,
];
const download = (code: string): ReturnType<typeof pipDownload> =>
  pipDownload(pip(code), wheel, join(root, "into"), join(root, "temporary"));

it("requests the pinned version and platform, uses the cache's disk, and returns the file", async () => {
  const answer = await download(`
    fs.copyFileSync(${JSON.stringify(path)}, dest + "/${wheel.file}");
    fs.writeFileSync(dest + "/args.json", JSON.stringify({ args, temporary: process.env.TMPDIR }));`);
  expect(answer).toEqual({ path: join(root, "into", wheel.file) });
  expect(readFileSync(join(root, "into", wheel.file)).equals(bytes)).toBe(true);
  const { args, temporary } = JSON.parse(readFileSync(join(root, "into", "args.json"), "utf8"));
  expect(args[0]).toBe("download");
  expect(args).toEqual(
    expect.arrayContaining([
      "--no-deps",
      "--python-version=3.11",
      "--platform=manylinux_2_17_x86_64",
      "tensorflow-cpu==9.9.9",
    ]),
  );
  expect(temporary).toBe(join(root, "temporary"));
});

it("reports pip's error, or that it downloaded another file", async () => {
  rmSync(join(root, "into"), { recursive: true, force: true });
  expect(await download('console.error("ERROR: No matching distribution found"); process.exit(1);')).toEqual({
    reason: "pip: ERROR: No matching distribution found",
  });
  expect(await download('fs.writeFileSync(dest + "/other.whl", "");')).toEqual({
    reason: `pip downloaded another file than ${wheel.file}`,
  });
});

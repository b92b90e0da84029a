import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FileError, writeFileAtomic } from "@graftjs/tuner";
import { afterEach, beforeEach, expect, it } from "vitest";
import { saveResult } from "../src/run/save-result.ts";
import { exitCodeOf } from "../src/terminal/errors.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "graft-save-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Writes like a system whose disk is full in one folder. */
const fullIn =
  (full: string) =>
  async (path: string, bytes: Uint8Array): Promise<void> => {
    if (path.startsWith(full)) throw new FileError(`Cannot write ${path}: ENOSPC.`, "Is there space on the disk?");
    await writeFileAtomic(path, bytes);
  };

it("keeps the result in a second place if the disk is full, says where, and exits with 1", async () => {
  const [full, spare] = [join(folder, "full"), join(folder, "spare")];
  const bytes = Uint8Array.from([1, 2, 3]);
  const error = await saveResult(join(full, "delta.safetensors"), bytes, [full, spare], fullIn(full)).catch((e) => e);
  expect(exitCodeOf(error)).toBe(1);
  const [name = ""] = readdirSync(spare);
  const kept = join(spare, name);
  expect(new Uint8Array(readFileSync(kept))).toEqual(bytes);
  expect(String(error.message)).toContain(`The result was saved to ${kept} instead`);
});

it("says that every place was tried if none can be written, and exits with 1", async () => {
  const error = await saveResult(
    join(folder, "d"),
    new Uint8Array(1),
    [folder, join(folder, "x")],
    fullIn(folder),
  ).catch((e) => e);
  expect(exitCodeOf(error)).toBe(1);
  expect(error.message).toMatch(/Cannot write .*ENOSPC[\s\S]*No other place could be written either/);
  expect(readdirSync(folder)).toEqual([]);
});

it("writes the target if it can, and no other file", async () => {
  await saveResult(join(folder, "d"), new Uint8Array(1));
  expect(readdirSync(folder)).toEqual(["d"]);
});

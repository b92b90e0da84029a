import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OptionsError } from "@graftjs/core";
import { afterAll, expect, it } from "vitest";
import { installInto } from "../src/install/install-into.ts";
import { reporter } from "../src/install/report.ts";
import { findSources } from "../src/install/sources.ts";
import type { PinnedWheel } from "../src/install/wheels.ts";
import { fakeWheel } from "./fake-wheel.ts";
import { noPip, smallPlan } from "./small-plan.ts";

const root = mkdtempSync(join(tmpdir(), "graft-offered-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const { wheel, path } = fakeWheel(root);
const nvidia: PinnedWheel = { ...wheel, project: "nvidia", file: "nvidia-1-py3-none-any.whl" };
const nvidiaPath = join(root, nvidia.file);
copyFileSync(path, nvidiaPath);
const renamed = join(root, "downloaded (1).whl");
copyFileSync(path, renamed);

it("names all files that do not exist or do not belong to the needed ones", () => {
  const wrong = (): unknown => findSources(["/nowhere/a.whl", renamed, path], [wheel, nvidia]);
  expect(wrong).toThrow(OptionsError);
  expect(wrong).toThrow(
    /2 wrong file\(s\) in --wheel[\s\S]*\/nowhere\/a\.whl does not exist\n[\s\S]*downloaded \(1\)\.whl is not one of the 2 files[\s\S]*Needed: .*nvidia-1/,
  );
  expect(() => findSources(["/nowhere/a.whl"], [wheel])).toThrow(/does not exist/);
});

it("one file for one wheel may have any name; several are recognized by name", async () => {
  expect(findSources([renamed], [wheel]).wheels).toEqual([renamed]);
  expect(() => findSources([renamed, path], [wheel])).toThrow(/not one of the 1 files/);
  expect(findSources([path], [wheel, nvidia]).wheels).toEqual([path]);
});

it.each([
  ["one of two; the other is downloaded", [path], /could not be downloaded[\s\S]*nvidia-1/],
  ["both, in any order", [nvidiaPath, path], undefined],
] as const)("an install with %s", async (_, wheels, failure) => {
  const plan = smallPlan(root, { wheels: [wheel, nvidia], sources: { wheels, pip: noPip, index: undefined } });
  const done = installInto(join(root, "cache"), plan, reporter());
  if (failure) await expect(done).rejects.toThrow(failure);
  else expect(await done).toMatchObject({ status: "installed" });
});

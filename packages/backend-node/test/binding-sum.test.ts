import { createHash } from "node:crypto";
import { appendFileSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { sumOfSources } from "../scripts/binding-sum.ts";
import { ChecksumError } from "../src/errors.ts";
import { TFJS_NODE } from "../src/install/npm-package.ts";
import { assertOwnSources, sumOfOwnSources } from "../src/install/own-sources.ts";

const prebuilt = join(import.meta.dirname, "../prebuilt");
const sums: Record<string, string> = JSON.parse(readFileSync(join(prebuilt, "sums.json"), "utf8"));

it("the shipped bindings have the recorded sums", () => {
  const files = readdirSync(prebuilt).filter((name) => name.endsWith(".node"));
  const found = files.map((name) => [
    name.replace(".node", ""),
    createHash("sha256")
      .update(readFileSync(join(prebuilt, name)))
      .digest("hex"),
  ]);
  const { sources, ...listed } = sums;
  expect(Object.fromEntries(found)).toEqual(listed);
});

it("native/ has the sum that is checked before it is compiled, and other sources are refused", () => {
  const { sha256 } = JSON.parse(readFileSync(join(prebuilt, "native-sum.json"), "utf8")) as { sha256: string };
  expect(sumOfOwnSources(), "native/ has changed. Run: tsx scripts/native-sum.ts").toBe(sha256);
  expect(() => assertOwnSources()).not.toThrow();
  const folder = mkdtempSync(join(tmpdir(), "graft-native-"));
  cpSync(join(import.meta.dirname, "../native"), folder, { recursive: true });
  appendFileSync(join(folder, "loops.h"), " ");
  expect(() => assertOwnSources(folder)).toThrow(ChecksumError);
  rmSync(folder, { recursive: true });
});

it("the package has the license and the notice of tfjs-node, whose sources its bindings contain", () => {
  const root = join(import.meta.dirname, "..");
  const { files } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { files: readonly string[] };
  expect(files).toEqual(expect.arrayContaining(["NOTICE", "LICENSE-APACHE-2.0.txt"]));
  expect(readFileSync(join(root, "LICENSE-APACHE-2.0.txt"), "utf8")).toMatch(/Apache License\s+Version 2.0/);
  const notice = readFileSync(join(root, "NOTICE"), "utf8");
  expect(notice).toContain(TFJS_NODE.spec.replace("@4", " 4"));
  expect(notice).toMatch(/Copyright Google LLC[\s\S]*sources were changed/);
  for (const name of readdirSync(prebuilt).filter((file) => /^linux-(x64|arm64)\.node$/.test(file)))
    expect(notice).toContain(`prebuilt/${name}`);
});

it("the shipped bindings were built from the present sources, patches and arguments", () => {
  const remedy =
    "native/, the patches or the arguments have changed since the bindings were built. Run: tsx scripts/build-binding.ts";
  expect(sums.sources, remedy).toBe(sumOfSources());
});

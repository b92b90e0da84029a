import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { sumOfSources } from "../scripts/binding-sum.ts";

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

it("the shipped bindings were built from the present sources, patches and arguments", () => {
  const remedy =
    "native/, the patches or the arguments have changed since the bindings were built. Run: tsx scripts/build-binding.ts";
  expect(sums.sources, remedy).toBe(sumOfSources());
});

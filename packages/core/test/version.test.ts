import { expect, it } from "vitest";
import manifest from "../package.json" with { type: "json" };
import { CORE_VERSION } from "@graftjs/registry";

it("CORE_VERSION is the version in package.json", () => {
  expect(CORE_VERSION).toBe(manifest.version);
});

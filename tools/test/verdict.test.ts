import { expect, it } from "vitest";
import { lineOf, verdict } from "../verdict.mjs";

it("fails browser tests that pass but take more than ten minutes, and says so", () => {
  const late = verdict("browser", 0, 600.1);
  expect(late).toEqual({ name: "browser", ok: false, seconds: 600.1, limit: 600 });
  expect(lineOf(late)).toBe("FAIL browser      600.1 s, more than 600 s");
});

it("passes a check that passes in time, and one without a limit", () => {
  expect(verdict("browser", 0, 600)).toEqual({ name: "browser", ok: true, seconds: 600 });
  expect(verdict("unit", 0, 3000).ok).toBe(true);
  expect(verdict("browser", 1, 3).ok).toBe(false);
  expect(lineOf(verdict("lint", 0, 2))).toBe("ok   lint         2 s");
});

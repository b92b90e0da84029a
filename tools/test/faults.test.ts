import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ROWS } from "../faults/rows.ts";

/** Few trials of each row. The other rows have short forms in the tests of their packages. */
const SHORT = { zip: 500, recipes: 100, pairs: 4, "kills-cpu": 1, "kills-wasm": 1, pipes: 1, signals: 3 } as const;

describe("a short form of `pnpm faults`", () => {
  for (const [name, trials] of Object.entries(SHORT)) {
    const row = ROWS[name];
    it(`loses nothing in ${trials} trials: ${row?.what}`, { timeout: 300_000 }, async () => {
      const result = await row?.run(trials);
      expect(result?.wrong).toEqual([]);
    });
  }
});

it("the committed results of the long form have no trial that is lost or wrong", () => {
  const text = readFileSync(join(import.meta.dirname, "../faults/results.json"), "utf8");
  const results = JSON.parse(text) as Record<string, { readonly lostOrWrong: number }>;
  const bad = Object.entries(results).filter(([, { lostOrWrong }]) => lostOrWrong > 0);
  expect(bad).toEqual([]);
  expect(Object.keys(ROWS)).toEqual(expect.arrayContaining(Object.keys(results)));
});

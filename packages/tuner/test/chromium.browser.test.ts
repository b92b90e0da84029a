import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LONG } from "../../../tools/browser/gpu-tests.ts";
import { openPage, type TestPage } from "../../../tools/browser/page.ts";
import type { Outcome } from "./browser/page.ts";

/** Number of workers that are terminated before one may finish. */
const LIVES = LONG ? 8 : 2;

let page: TestPage;
beforeAll(async () => {
  page = await openPage({
    entry: new URL("./browser/page.ts", import.meta.url),
    worker: new URL("./browser/worker.ts", import.meta.url),
  });
});
afterAll(async () => {
  await page?.close();
});

describe("a run in a Web Worker of Chromium", () => {
  for (const store of ["opfs", "indexeddb"]) {
    it(`terminated ${LIVES} times and resumed from ${store} ends bit-identical`, async () => {
      const { whole, resumed, steps, losses, from, files } = await page.call<Outcome>("killAndResume", {
        store,
        lives: LIVES,
      });
      expect(steps).toBe(120);
      expect(resumed).toEqual(whole);
      expect(losses.resumed).toEqual(losses.whole);
      // The last worker finished. All but the first continued from a checkpoint of the one before.
      expect(from).toHaveLength(LIVES + 1);
      expect(from[0]).toBe(0);
      from.slice(1).forEach((step, i) => {
        expect(step).toBeGreaterThan(from[i] as number);
      });
      expect(files.filter((name) => name.endsWith(".graft"))).toHaveLength(2);
    });
  }

  it("caused no error in the console", () => {
    expect(page.problems).toEqual([]);
  });
});

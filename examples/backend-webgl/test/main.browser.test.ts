import { expect, it } from "vitest";
import { WEBGL_FLAGS } from "../../../tools/browser/flags.ts";
import { openPage } from "../../../tools/browser/page.ts";

it("fits on webgl, loses its context, and continues from the last checkpoint on a new one", async () => {
  const page = await openPage({ entry: new URL("./page.ts", import.meta.url), flags: WEBGL_FLAGS });
  try {
    const { lines, loss } = await page.call<{ lines: string[]; loss: number }>("trainAndLose");
    expect(lines.filter((line) => line.includes("from step")).map((line) => line.split(": ").at(-1))).toEqual([
      "from step 0",
      "from step 20",
    ]);
    expect(lines).toContain("the context was lost: continuing with a new one");
    expect(lines.at(-1)).toMatch(/^step 60: loss/);
    expect(loss).toBeLessThan(0.1);
    expect(page.problems).toEqual([]);
  } finally {
    await page.close();
  }
});

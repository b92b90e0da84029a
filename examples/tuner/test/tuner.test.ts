import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";

it("resumes a run bit for bit, and the delta gives the same model", () => {
  const folder = join(import.meta.dirname, "..");
  const { stdout, stderr, status } = spawnSync(join(folder, "../../node_modules/.bin/tsx"), ["main.ts"], {
    cwd: folder,
    encoding: "utf8",
  });
  expect(status, stderr).toBe(0);
  expect(stdout).toContain("weights bit-identical to the uninterrupted run: true");
  expect(stdout).toContain("on a new base gives the same model: true");
  expect(Number(/accuracy on 500 new digits: ([\d.]+)/.exec(stdout)?.[1])).toBeGreaterThan(0.6);
  expect(stdout).toContain("report.html");
});

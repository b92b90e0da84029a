import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";

it("runs to the end: resumes bit for bit, and the delta makes the same model", () => {
  const folder = join(import.meta.dirname, "..");
  const { stdout, stderr, status } = spawnSync(join(folder, "../../node_modules/.bin/tsx"), ["main.ts"], {
    cwd: folder,
    encoding: "utf8",
  });
  expect(status, stderr).toBe(0);
  expect(stdout).toContain("weights bit-identical to the run never stopped: true");
  expect(stdout).toContain("on a fresh base gives the same model: true");
  expect(Number(/accuracy on 500 new digits: ([\d.]+)/.exec(stdout)?.[1])).toBeGreaterThan(0.6);
  expect(stdout).toContain("report.html");
});

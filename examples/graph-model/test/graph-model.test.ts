import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";

it("trains a GraphModel, and stock tfjs loads the result", () => {
  const folder = join(import.meta.dirname, "..");
  const { stdout, stderr, status } = spawnSync(join(folder, "../../node_modules/.bin/tsx"), ["main.ts"], {
    cwd: folder,
    encoding: "utf8",
  });
  expect(status, stderr).toBe(0);
  expect(stdout).toContain("predictions identical: true");
  const [, before, after] = /loss ([\d.]+) → ([\d.]+)/.exec(stdout) ?? [];
  expect(Number(after)).toBeLessThan(0.5 * Number(before));
});

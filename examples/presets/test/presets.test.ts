import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const folder = join(import.meta.dirname, "..");

it("each effort learns new digits from 20 pictures of each", async () => {
  const { stdout } = await promisify(execFile)(join(folder, "../../node_modules/.bin/tsx"), ["main.ts"], {
    cwd: folder,
  });
  const found = [...stdout.matchAll(/(\w+): accuracy ([\d.]+)/g)].map(([, effort, value]) => [effort, Number(value)]);
  expect(found.map(([effort]) => effort)).toEqual(["head", "tail", "full"]);
  // One in five would be guessing.
  for (const [, value] of found) expect(value).toBeGreaterThan(0.5);
});

import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const folder = join(import.meta.dirname, "..");
const tsx = join(folder, "../../node_modules/.bin/tsx");
const env = { ...process.env, OMPI_ALLOW_RUN_AS_ROOT: "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1" };

it("prints the same numbers alone and on two ranks", async () => {
  const run = async (program: string, ...args: string[]) =>
    (await promisify(execFile)(program, args, { cwd: folder, env, timeout: 100_000 })).stdout;
  const [alone, two] = await Promise.all([
    run(tsx, "main.ts"),
    run("mpirun", "--oversubscribe", "-n", "2", tsx, "main.ts"),
  ]);
  expect(alone).toContain("120 steps on 1 rank(s)");
  expect(two).toContain("120 steps on 2 rank(s)");
  expect(alone.split("\n")[1]).toMatch(/accuracy (0\.[89]\d*|1)$/);
  expect(two.split("\n")[1]).toBe(alone.split("\n")[1]);
}, 110_000);

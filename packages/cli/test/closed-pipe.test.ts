import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, it } from "vitest";

it("a reader that closes the pipe early, as `head` does, is not an error", async () => {
  const bin = join(import.meta.dirname, "../src/bin.ts");
  const child = spawn(process.execPath, ["--import", import.meta.resolve("tsx"), bin, "list"]);
  child.stdout.destroy();
  let errors = "";
  child.stderr.on("data", (chunk) => {
    errors += chunk;
  });
  const [code] = await once(child, "close");
  expect(errors).toBe("");
  expect(code).toBe(0);
});

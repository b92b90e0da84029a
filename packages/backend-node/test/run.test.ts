import { expect, it } from "vitest";
import { reasonOf, run } from "../src/install/run.ts";

/** Runs a script like the installer's checks, and returns its result. */
const failing = (code: string, ...before: string[]): ReturnType<typeof run> =>
  run(process.execPath, [...before, "-e", code]);

it("names the error of a script, without the source above it and the stack and version below it", async () => {
  expect(reasonOf(await failing('throw new Error("libtensorflow_cc.so.2: cannot open shared object file")'))).toBe(
    "Error: libtensorflow_cc.so.2: cannot open shared object file",
  );
  expect(reasonOf(await failing('new (require("events"))().emit("error", new TypeError("unhandled"))'))).toBe(
    "TypeError: unhandled",
  );
  expect(reasonOf(await failing("Buffer.alloc(-1)"))).toMatch(/^RangeError \[ERR_OUT_OF_RANGE\]: /);
});

it.each(["SIGILL", "SIGSEGV"])("names the signal: %s", async (signal) => {
  const finished = await failing(`console.error("a line before"); process.kill(process.pid, "${signal}")`);
  expect(finished).toMatchObject({ status: 1, signal });
  expect(reasonOf(finished)).toMatch(new RegExp(`^it was ended by ${signal}.*\\(a line before\\)$`));
});

it("names the signal that ended a check after its time limit", async () => {
  const finished = await run(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { timeoutMs: 300 });
  expect(reasonOf(finished)).toBe("it was ended by SIGTERM");
});

it("names the status and the last line if no error was printed", async () => {
  expect(reasonOf(await failing("process.exit(3)"))).toBe("it ended with status 3");
  expect(reasonOf(await failing("throw 'no error'"))).not.toContain("Node.js v");
  expect(reasonOf(await failing('console.error("one\\ntwo"); process.exit(3)'))).toBe("it ended with status 3 (two)");
});

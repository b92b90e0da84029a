import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { failedOutputs, failures, tally } from "../tally.mjs";

const root = join(import.meta.dirname, "../..");
let reports: string;
beforeEach(() => {
  reports = mkdtempSync(join(tmpdir(), "graft-tally-"));
});
afterEach(() => rmSync(reports, { recursive: true, force: true }));

const report = (name: string, passed: number, failed = 0, suites = 0): void =>
  write(`${name}.vitest.json`, {
    numPassedTests: passed,
    numFailedTests: failed,
    numPendingTests: 1,
    numTodoTests: 0,
    numFailedTestSuites: suites,
  });
const checks = (...results: readonly (readonly [name: string, ok: boolean])[]): void =>
  write(
    "checks.json",
    results.map(([name, ok]) => ({ name, ok, seconds: 1 })),
  );
function write(name: string, content: unknown): void {
  writeFileSync(join(reports, name), JSON.stringify(content));
}

it("counts the tests of reports, and one test for a check without a report", () => {
  report("unit", 10);
  checks(["unit", true], ["lint", true], ["format", false]);
  expect(tally(reports)).toEqual({ passed: 11, failed: 1, skipped: 1 });
});

it("counts a check that failed although its report has no failure", () => {
  report("native", 40);
  checks(["native", false]);
  expect(tally(reports)).toEqual({ passed: 40, failed: 1, skipped: 1 });
});

it("counts a failure once, whichever report of the check contains it", () => {
  report("native", 40);
  report("native.core-suite", 3870, 8);
  checks(["native", false]);
  expect(tally(reports)).toMatchObject({ passed: 3910, failed: 8 });
  report("native.core-suite", 878, 0, 1); // tests that vanished
  expect(tally(reports)).toMatchObject({ passed: 918, failed: 1 });
});

it("counts nothing if the folder does not exist", () => {
  expect(tally(join(reports, "nowhere"))).toEqual({ passed: 0, failed: 0, skipped: 0 });
});

it("lists the failed tests, and the files that did not load", () => {
  const test = (title: string, ...failureMessages: readonly string[]) => ({
    fullName: title,
    status: failureMessages.length > 0 ? "failed" : "passed",
    failureMessages,
  });
  write("unit.vitest.json", {
    testResults: [
      {
        name: join(root, "a.test.ts"),
        status: "failed",
        assertionResults: [test("adds"), test("halves", "1 ≠ 2\n  at a")],
      },
      { name: join(root, "b.test.ts"), status: "failed", message: "No such file", assertionResults: [] },
      { name: join(root, "c.test.ts"), status: "passed", message: "", assertionResults: [test("works")] },
    ],
  });
  expect(failures(reports)).toEqual(["a.test.ts > halves: 1 ≠ 2", "b.test.ts: No such file"]);
  expect(failures(join(reports, "nowhere"))).toEqual([]);
});

it("repeats the end of what a failed check printed", () => {
  const lines = Array.from({ length: 30 }, (_, i) => `line ${i}`);
  writeFileSync(join(reports, "packaging.log"), [...lines, "    at start (a.mjs:1:1)"].join("\n"));
  report("unit", 1);
  const [output, ...more] = failedOutputs(reports);
  expect(output).toBe(
    `failed: packaging\n${lines
      .slice(10)
      .map((line) => `  ${line}`)
      .join("\n")}`,
  );
  expect(more).toEqual([]);
  expect(failedOutputs(join(reports, "nowhere"))).toEqual([]);
});

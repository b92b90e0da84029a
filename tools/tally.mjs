// Sums the reports of the test runners, and prints each failed test and the closing line. The exit code is not 0 if anything failed or nothing ran.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { root } from "./bootstrap.mjs";

/**
 * Counts the tests that passed, failed and were skipped in a folder of reports. It reads every `*.vitest.json`. A check of
 * `checks.json` without a report counts as one test. The reports of a check `native` are `native.vitest.json` and
 * `native.*.vitest.json`.
 */
export function tally(reports) {
  const counted = testReports(reports).map(({ file, report }) => ({ file, ...count(report) }));
  let [passed, failed, skipped] = ["passed", "failed", "skipped"].map((kind) =>
    counted.reduce((sum, report) => sum + report[kind], 0),
  );
  for (const { name, ok } of existsSync(join(reports, "checks.json")) ? read(reports, "checks.json") : []) {
    const own = counted.filter(({ file }) => file.startsWith(`${name}.`));
    if (ok) passed += own.length > 0 ? 0 : 1;
    // If a check failed and its reports show no failure, a part of it wrote no report.
    else if (own.every((report) => report.failed === 0)) failed += 1;
  }
  return { passed, failed, skipped };
}

/** Lists each failed test of a folder of reports with the first line of its error, and each test file that did not load. */
export function failures(reports) {
  const results = testReports(reports).flatMap(({ report }) => report.testResults ?? []);
  return results.flatMap(({ name, status, message, assertionResults }) => {
    const file = relative(root, name);
    const failed = assertionResults.filter((test) => test.status === "failed");
    if (failed.length === 0) return status === "failed" ? [`${file}: ${firstLine(message)}`] : [];
    return failed.map((test) => `${file} > ${test.fullName}: ${firstLine(test.failureMessages[0])}`);
  });
}

/** Lists the failed checks of a folder of reports that kept their output, each with its last 20 lines. Lines of stack traces are left out. */
export function failedOutputs(reports) {
  return (existsSync(reports) ? readdirSync(reports) : [])
    .filter((name) => name.endsWith(".log"))
    .map((name) => {
      const text = readFileSync(join(reports, name), "utf8");
      const lines = text.split("\n").filter((line) => !/^\s+at /.test(line));
      return `failed: ${name.slice(0, -".log".length)}\n${lines
        .slice(-20)
        .map((line) => `  ${line.slice(0, 200)}`)
        .join("\n")}`;
    });
}

/** Reads the reports of vitest in a folder. A folder that does not exist has none. */
function testReports(reports) {
  const files = (existsSync(reports) ? readdirSync(reports) : []).filter((name) => name.endsWith(".vitest.json"));
  return files.map((file) => ({ file, report: read(reports, file) }));
}

const read = (folder, name) => JSON.parse(readFileSync(join(folder, name), "utf8"));
const firstLine = (text = "") => text.split("\n", 1)[0];

function count({ numPassedTests, numFailedTests, numPendingTests, numTodoTests, numFailedTestSuites }) {
  return {
    passed: numPassedTests,
    // If a test file does not load, it has no failed tests, but its suite has failed.
    failed: numFailedTests > 0 ? numFailedTests : numFailedTestSuites,
    skipped: numPendingTests + numTodoTests,
  };
}

if (import.meta.filename === process.argv[1]) {
  for (const output of failedOutputs(join(root, ".reports"))) console.log(output);
  for (const failure of failures(join(root, ".reports"))) console.log(`failed: ${failure}`);
  const sum = tally(join(root, ".reports"));
  for (const extra of process.argv.slice(2)) sum[extra === "ok" ? "passed" : "failed"] += 1;
  console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
  process.exitCode = sum.failed > 0 || sum.passed === 0 ? 1 : 0;
}

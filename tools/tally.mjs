// Sums the reports of the test runners and prints the closing line. The exit code is not 0 if anything failed or nothing ran.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./bootstrap.mjs";

/**
 * Counts the tests that passed, failed and were skipped in a folder of reports. It reads every `*.vitest.json`. A check of
 * `checks.json` without a report counts as one test. The reports of a check `native` are `native.vitest.json` and
 * `native.*.vitest.json`.
 */
export function tally(reports) {
  const read = (name) => JSON.parse(readFileSync(join(reports, name), "utf8"));
  const files = (existsSync(reports) ? readdirSync(reports) : []).filter((name) => name.endsWith(".vitest.json"));
  const counted = files.map((file) => ({ file, ...count(read(file)) }));
  let [passed, failed, skipped] = ["passed", "failed", "skipped"].map((kind) =>
    counted.reduce((sum, report) => sum + report[kind], 0),
  );
  for (const { name, ok } of existsSync(join(reports, "checks.json")) ? read("checks.json") : []) {
    const own = counted.filter(({ file }) => file.startsWith(`${name}.`));
    if (ok) passed += own.length > 0 ? 0 : 1;
    // If a check failed and its reports show no failure, a part of it wrote no report.
    else if (own.every((report) => report.failed === 0)) failed += 1;
  }
  return { passed, failed, skipped };
}

function count({ numPassedTests, numFailedTests, numPendingTests, numTodoTests, numFailedTestSuites }) {
  return {
    passed: numPassedTests,
    // If a test file does not load, it has no failed tests, but its suite has failed.
    failed: numFailedTests > 0 ? numFailedTests : numFailedTestSuites,
    skipped: numPendingTests + numTodoTests,
  };
}

if (import.meta.filename === process.argv[1]) {
  const sum = tally(join(root, ".reports"));
  for (const extra of process.argv.slice(2)) sum[extra === "ok" ? "passed" : "failed"] += 1;
  console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
  process.exitCode = sum.failed > 0 || sum.passed === 0 ? 1 : 0;
}

// Sums the reports that the test runners wrote and prints the closing line. Exits non-zero where anything failed or nothing ran.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./bootstrap.mjs";

/**
 * Tests passed, failed and skipped in a folder of reports: every `*.vitest.json`, and one for each check of `checks.json` that
 * wrote none. A check `native` wrote `native.vitest.json` and `native.*.vitest.json`.
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
    // Reports without a failure of a check that failed: part of it wrote none.
    else if (own.every((report) => report.failed === 0)) failed += 1;
  }
  return { passed, failed, skipped };
}

function count({ numPassedTests, numFailedTests, numPendingTests, numTodoTests, numFailedTestSuites }) {
  return {
    passed: numPassedTests,
    // A file that does not even load has no tests to fail; its suite counts.
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

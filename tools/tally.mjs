// Sums the reports that the test runners wrote and prints the closing line. Exits non-zero where anything failed or nothing ran.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./bootstrap.mjs";

const reports = join(root, ".reports");
const read = (name) => JSON.parse(readFileSync(join(reports, name), "utf8"));
let [passed, failed, skipped] = [0, 0, 0];
for (const name of existsSync(reports) ? readdirSync(reports) : []) {
  if (name.endsWith(".vitest.json")) {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, numFailedTestSuites } = read(name);
    passed += numPassedTests;
    // A file that does not even load has no tests to fail; its suite counts.
    failed += numFailedTests > 0 ? numFailedTests : numFailedTestSuites;
    skipped += numPendingTests + numTodoTests;
  }
}
for (const { name, ok } of existsSync(join(reports, "checks.json")) ? read("checks.json") : []) {
  if (existsSync(join(reports, `${name}.vitest.json`))) continue;
  if (ok) passed += 1;
  else failed += 1;
}
for (const extra of process.argv.slice(2)) {
  if (extra === "ok") passed += 1;
  else failed += 1;
}
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;

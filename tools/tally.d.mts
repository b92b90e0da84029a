/** Counts the tests that passed, failed and were skipped in a folder of reports. */
export function tally(reports: string): { readonly passed: number; readonly failed: number; readonly skipped: number };
/** Lists each failed test of a folder of reports with the first line of its error, and each test file that did not load. */
export function failures(reports: string): readonly string[];
/** Lists the failed checks of a folder of reports that kept their output, each with the end of it. */
export function failedOutputs(reports: string): readonly string[];

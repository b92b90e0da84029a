/** Counts the tests that passed, failed and were skipped in a folder of reports. */
export function tally(reports: string): { readonly passed: number; readonly failed: number; readonly skipped: number };

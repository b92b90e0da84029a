import type { ConformanceCheck } from "../src/index.ts";

/** Runs `checks` and returns the names of those that fail, in order. */
export async function failing(checks: readonly ConformanceCheck[]): Promise<string[]> {
  const failed: string[] = [];
  for (const { name, run } of checks) {
    try {
      await run();
    } catch {
      failed.push(name);
    }
  }
  return failed;
}

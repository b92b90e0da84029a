import type { Case } from "../src/index.ts";

/** The ids of the cases that `cases` fails, in order. */
export async function failing(cases: readonly Case[]): Promise<string[]> {
  const failed: string[] = [];
  for (const one of cases) {
    try {
      await one.run();
    } catch {
      failed.push(one.id);
    }
  }
  return failed;
}

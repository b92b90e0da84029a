import { forbidden } from "./forbidden.ts";
import type { Passage } from "./passage.ts";
import { count, HABITS, keeps, rate } from "./rates.ts";
import { tooLong } from "./subjects.ts";

/** Everything that fails the check: rates of the whole repository, forbidden words, long subjects of commits. */
export function problems(passages: readonly Passage[], commits: readonly string[] = []): string[] {
  const { words, uses } = count(passages);
  const rates = HABITS.flatMap((habit, i) => {
    const value = rate(uses[i] ?? 0, words);
    if (keeps(habit, value)) return [];
    const bound = "max" in habit.limit ? `at most ${habit.limit.max}` : `at least ${habit.limit.min}`;
    return [`"${habit.name}" occurs ${value.toFixed(2)} times per 1,000 words. It should occur ${bound} times.`];
  });
  const found = forbidden(passages).map(({ file, line, word, advice }) => `${file}:${line} "${word}": ${advice}.`);
  return [...found, ...rates, ...tooLong(commits)];
}

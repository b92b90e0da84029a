import { spawnSync } from "node:child_process";

/** The last commit before the rule was made. Subjects of earlier commits are not checked. */
const RULE_BEGINS_AFTER = "7dd0ecc";
const LONGEST = 72;

/**
 * Reads the subjects of the commits after `since`, newest first. Returns undefined in a folder without git, and in a clone
 * whose history does not reach back to that commit.
 */
export function subjects(root: string, since: string = RULE_BEGINS_AFTER): string[] | undefined {
  const { status, stdout } = spawnSync("git", ["log", "--no-merges", "--format=%s", `${since}..HEAD`], {
    cwd: root,
    encoding: "utf8",
  });
  return status === 0 ? stdout.split("\n").filter((line) => line !== "") : undefined;
}

/** Selects the subjects that are too long. */
export function tooLong(lines: readonly string[]): string[] {
  return lines
    .filter((line) => line.length > LONGEST)
    .map((line) => `The subject of a commit has ${line.length} characters, the limit is ${LONGEST}: "${line}"`);
}

// `pnpm prose` checks the wording of comments, documents and messages in the whole repository.
// `pnpm prose --table` prints the rates of each package; `pnpm prose packages/x --list` prints the lines to rewrite.
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readProse } from "./files.ts";
import { forbidden } from "./forbidden.ts";
import { listUses } from "./list.ts";
import { problems } from "./problems.ts";
import { subjects } from "./subjects.ts";
import { table } from "./table.ts";

const root = join(import.meta.dirname, "../..");
const { values, positionals } = parseArgs({
  options: { table: { type: "boolean" }, list: { type: "boolean" } },
  allowPositionals: true,
});
const starts = positionals.map((path) => path.replace(/^\.\/|\/$/g, ""));
const everything = readProse(root);
const chosen = everything.filter(
  ({ file }) => starts.length === 0 || starts.some((start) => file === start || file.startsWith(`${start}/`)),
);

// The reader of a pipe, such as `head`, may end first.
process.stdout.on("error", () => process.exit());

if (starts.length > 0 && chosen.length === 0) {
  console.error(`No prose was found in ${starts.join(", ")}. Give paths from the root, such as packages/core.`);
  process.exitCode = 2;
} else if (values.table || values.list || starts.length > 0) {
  if (values.list) {
    for (const line of listUses(chosen)) console.log(line);
    for (const { file, line, word, advice } of forbidden(chosen))
      console.log(`${file}:${line} forbidden: "${word}", ${advice}`);
  }
  console.log(table(chosen));
} else {
  const commits = subjects(root);
  if (commits === undefined)
    console.log("Subjects of commits were not checked: the history does not reach back far enough.");
  const found = problems(everything, commits);
  for (const problem of found) console.error(problem);
  console.log(`${table(everything)}\n${found.length} problem(s)`);
  process.exitCode = found.length > 0 ? 1 : 0;
}

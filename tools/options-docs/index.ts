// `pnpm options-docs` checks that the options tables of the packages' READMEs agree with the option schemas in the code.
// `pnpm options-docs --write` writes the tables.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeTables } from "./markers.ts";
import { problems } from "./problems.ts";
import { readSources } from "./sources.ts";

const root = join(import.meta.dirname, "../..");
const write = process.argv.includes("--write");
const found: string[] = [];
const sources = await readSources(root);
for (const [folder, options] of sources) {
  const file = `${folder}/README.md`;
  const path = join(root, file);
  if (!existsSync(path)) {
    found.push(`${file} does not exist.`);
    continue;
  }
  if (write) writeFileSync(path, writeTables(readFileSync(path, "utf8"), options).text);
  found.push(...problems(file, readFileSync(path, "utf8"), options));
}
for (const problem of found) console.error(problem);
console.log(`Options tables of ${sources.size} packages, ${found.length} problem(s)`);
process.exit(found.length > 0 ? 1 : 0);

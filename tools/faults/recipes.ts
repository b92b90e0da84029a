import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { main } from "../../packages/cli/src/index.ts";
import { seeded } from "../../packages/tuner/src/random/random.ts";
import type { RunFuzz } from "../../packages/tuner/test/fuzz-runs.ts";
import { mutated } from "../../packages/tuner/test/mutate.ts";
import { RECIPE, writeRecipe } from "./command.ts";
import { inNewFolder } from "./new-folder.ts";

const COMMANDS = ["explain", "list", "plan"];
const MOST_MS = 5000;

/** The trials of damaged recipes, with the number that a command refused. */
export interface RecipeFuzz extends RunFuzz {
  readonly refused: number;
}

/**
 * Gives damaged recipes to the commands that only look. Wrong: an error of another type, an unknown exit code, code of the recipe that
 * runs, a file that is written, or a command that takes longer than 5 s.
 */
export async function fuzzRecipes(recipes: number): Promise<RecipeFuzz> {
  const wrong: string[] = [];
  let refused = 0;
  await inNewFolder(async (folder) => {
    await writeRecipe(folder);
    const plugin = "./plugin.mjs";
    writeFileSync(join(folder, plugin), "globalThis.graftRanCode = true; export const plugins = [];");
    const good = new TextEncoder().encode(JSON.stringify({ ...GOOD, plugins: [plugin] }));
    const plain = new TextEncoder().encode(JSON.stringify(GOOD));
    const files = readdirSync(folder).join();
    const random = seeded("recipes");
    for (let i = 0; i < recipes; i++) {
      const command = COMMANDS[i % COMMANDS.length] as string;
      // A recipe that names code is refused before most of it is checked, so the others name none.
      writeFileSync(join(folder, "recipe.json"), mutated(i % 4 === 0 ? good : plain, random));
      const { problems, refused: isRefused } = await look(folder, command);
      if (isRefused) refused++;
      if (readdirSync(folder).join() !== files) problems.push("files were written or removed");
      const recipe = readFileSync(join(folder, "recipe.json"), "utf8");
      wrong.push(...problems.map((problem) => `${command} ${i}: ${problem}: ${recipe}`));
    }
  });
  return { trials: recipes, refused, wrong };
}

const GOOD = {
  ...RECIPE,
  hooks: [{ use: "clip-by-global-norm", with: { norm: 1 } }],
  observers: [{ use: "csv", with: { to: "log.csv" } }],
};

async function look(folder: string, command: string): Promise<{ problems: string[]; refused: boolean }> {
  const problems: string[] = [];
  let err = "";
  const start = performance.now();
  const code = await main([command, "recipe.json"], {
    out: () => {},
    err: (text) => {
      err += text;
    },
    isTty: false,
    cwd: folder,
  });
  const ms = performance.now() - start;
  if (ms > MOST_MS) problems.push(`${ms.toFixed()} ms`);
  if ((code !== 0 && code !== 2) || err.startsWith("Unexpected")) problems.push(`exit ${code} ${err}`);
  if ("graftRanCode" in globalThis) problems.push("code of the recipe ran");
  return { problems, refused: code === 2 };
}

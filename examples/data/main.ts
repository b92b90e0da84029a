// From a folder of pictures to predictions for new files: draws both, then runs the same commands that a person would type.
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { main } from "@graftjs/cli";
import { saveBase } from "./base.ts";
import { drawShapes } from "./draw.ts";

const folder = import.meta.dirname;

async function graft(...args: string[]): Promise<void> {
  console.log(`\n$ graft ${args.join(" ")}`);
  const code = await main(args, {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    isTty: process.stdout.isTTY === true,
    cwd: folder,
  });
  if (code !== 0) process.exit(code);
}

for (const name of ["base", "pictures", "new", "tuned"]) await rm(join(folder, name), { recursive: true, force: true });
await saveBase(join(folder, "base"));
await drawShapes(join(folder, "pictures"), 30, 1);
await drawShapes(join(folder, "new"), 4, 2);

await graft("run", "recipe.json");
await graft("predict", "tuned", "new/circle/circle-0.png", "new/cross", "--top", "2");
await graft("eval", "tuned", "new", "--worst", "3");

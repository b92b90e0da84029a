// Tunes MobileNetV2 on six categories of emoji by six methods. Run `npm run fetch` first. Names of methods as arguments select some.
// --per-class=10 selects the number of pictures. With --write the figures go into results.json and the README.
import { openBackend } from "@graftjs/backend";
import { wasmBackend } from "@graftjs/backend-wasm";
import { replaceHead } from "@graftjs/tuner";
import { emoji } from "../../proof/study/tasks/emoji.ts";
import { mobilenet } from "../../proof/study/tasks/mobilenet.ts";
import { folded } from "./fold.ts";
import { METHODS, type Row, tune } from "./methods.ts";
import { table, writeResults } from "./table.ts";

const EPOCHS = 8;
const names = process.argv.slice(2).filter((name) => !name.startsWith("--"));
const counts = process.argv
  .find((argument) => argument.startsWith("--per-class="))
  ?.slice(12)
  .split(",");
const session = await openBackend([wasmBackend({ threads: 1 })]);

const groups: Record<string, Row[]> = {};
for (const perClass of (counts ?? ["10", "30"]).map(Number)) {
  const data = await emoji(perClass).open(1);
  const rows: Row[] = [];
  groups[perClass] = rows;
  for (const name of names.length > 0 ? names : Object.keys(METHODS)) {
    const base = await mobilenet(64);
    const body = METHODS[name]?.().folds ? await folded(base) : base;
    const model = replaceHead(body, { units: 6, after: "out_relu", seed: 1 });
    rows.push(await tune(model, name, data, EPOCHS));
    model.dispose();
    if (process.argv.includes("--write")) writeResults({ node: process.version, threads: 1, epochs: EPOCHS, groups });
    console.log(`${perClass} per class\n${table(rows.slice(-1))}`);
  }
}
await session.dispose();

// `pnpm proof:study [--tasks digits-10,emoji-30] [--seeds 5]` runs every method on every task and writes proof/results.{json,md}.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openBackend } from "@graftjs/backend";
import { wasmBackend } from "@graftjs/backend-wasm";
import { type Cell, cell } from "./cell.ts";
import { METHODS } from "./methods.ts";
import { tables } from "./table.ts";
import type { Task } from "./task.ts";
import { digits } from "./tasks/digits.ts";
import { emoji } from "./tasks/emoji.ts";

const TASKS: readonly Task[] = [10, 30, 100].flatMap((perClass) => [digits(perClass), emoji(perClass)]);

const { values } = parseArgs({
  options: {
    tasks: { type: "string", default: TASKS.map(({ name }) => name).join(",") },
    methods: { type: "string", default: METHODS.map(({ name }) => name).join(";") },
    seeds: { type: "string", default: "5" },
  },
});
const tasks = values.tasks.split(",").map((name) => {
  const task = TASKS.find((one) => one.name === name);
  if (!task) throw new Error(`No task is named ${name}. The tasks are ${TASKS.map((one) => one.name).join(", ")}.`);
  return task;
});
const methods = METHODS.filter(({ name }) => values.methods.split(";").includes(name));

const backend = await openBackend([wasmBackend()]);
const cells: Cell[] = [];
for (const task of tasks) {
  for (let seed = 0; seed < Number(values.seeds); seed++) {
    for (const method of methods) {
      const made = await cell(task, method, seed);
      cells.push(made);
      const shares = [made.testAccuracy, made.shiftedAccuracy, made.kept].map((share) => (100 * share).toFixed(1));
      console.log(
        `${task.name} ${seed} ${method.name}: test, shifted, kept ${shares.join(", ")} %, ${made.seconds.toFixed(0)} s`,
      );
    }
  }
}
await backend.dispose();
const text = `# Study of the presets

Written by \`pnpm proof:study\`. Means over seeds with 95 % intervals (Student's t). Δ is the difference to the usual recipe, paired by
seed. Backend: wasm on Node ${process.versions.node}. The usual recipe trains the head first and then all layers, as fastai's \`fine_tune\` does: one cycle of the
rate each, lower rates in early layers, batch norm by the batch. "naive full" trains all layers at once. Both train 20 epochs.

${tables(cells)}`;
writeFileSync(join(import.meta.dirname, "../results.json"), `${JSON.stringify(cells, null, 1)}\n`);
writeFileSync(join(import.meta.dirname, "../results.md"), text);
console.log(`\n${text}`);

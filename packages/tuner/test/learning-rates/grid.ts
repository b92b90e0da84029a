// Finds the best learning rate of each task by training with each rate of a grid. Writes grid.json, which a test reads.
//   tsx packages/tuner/test/learning-rates/grid.ts
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { wasmBackend } from "@graftjs/backend-wasm";
import { frozenBatchNorm } from "@graftjs/frozen-bn";
import { fineTune } from "../../src/index.ts";
import { TASKS } from "./tasks.ts";

const RATES = Array.from({ length: 12 }, (_, i) => Number((10 ** (-11 / 3 + i / 3)).toPrecision(3)));
const SEEDS = [1];
const EPOCHS = 6;

await wasmBackend().init();
const found: object[] = [];
for (const task of TASKS) {
  const losses: number[] = [];
  for (const learningRate of RATES) {
    let sum = 0;
    for (const seed of SEEDS) {
      const model = await task.model(seed);
      const patches = task.name.includes("base") ? [frozenBatchNorm()] : [];
      const options = { ...task.options(seed), patches, learningRate, epochs: EPOCHS };
      const { history, restore } = await fineTune(model, options).catch(() => ({ history: undefined, restore() {} }));
      sum += history?.val_loss?.at(-1) ?? Number.POSITIVE_INFINITY;
      restore();
      model.dispose();
    }
    // 99 for a run that ended with a loss that is not finite.
    losses.push(Math.min(99, Number((sum / SEEDS.length).toPrecision(4))));
  }
  const best = RATES[losses.indexOf(Math.min(...losses))];
  console.log(task.name, best, losses.join(" "));
  found.push({ task: task.name, best, losses });
  const about = `Validation loss after ${EPOCHS} epochs at each rate, as the mean of ${SEEDS.length} run(s).`;
  writeFileSync(join(import.meta.dirname, "grid.json"), `${JSON.stringify({ about, rates: RATES, found }, null, 2)}\n`);
}

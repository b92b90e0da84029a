import { PLAN_TIP } from "./fresh-readme.ts";
import { type DataProject, freshProject } from "./project.ts";
import type { ProjectFiles } from "./project-files.ts";

export interface TableProject extends DataProject {
  /** Column to predict. */
  readonly target: string;
  /** Columns to predict from. Undefined means all but the target. */
  readonly columns: readonly string[] | undefined;
  /** Whether the target is a number, and not a class. */
  readonly isNumber: boolean;
}

/** Makes the files of a project that predicts a column of a table. */
export function tableProject(project: TableProject): ProjectFiles {
  const { data, base, target, columns, isNumber } = project;
  const options = { path: data, target, ...(columns ? { columns } : {}), missing: "impute", validation: 0.2 };
  const head = base === undefined ? { after: "body" } : {};
  return freshProject(project, {
    run: {
      ...(isNumber ? {} : { head }),
      data: { use: "table", with: options },
      ...(isNumber ? { loss: "meanSquaredError", metrics: ["mae"] } : { metrics: ["accuracy", "confusion"] }),
    },
    makeBase: MAKE_BASE + (isNumber ? NUMBER : CLASSES),
    readme: {
      learns: `Predicts the column \`${target}\` of the table \`${data}\`: ${isNumber ? "a number" : "one of its classes"}.`,
      newFile: "new-rows.csv",
      aboutNewFile: `\`new-rows.csv\` has the same columns. It may lack \`${target}\`. Missing numbers count as the mean, and texts that are new count as none.`,
      aboutBase: FRESH,
      tips: [
        '`"columns"` lists the columns to predict from.',
        ...(isNumber ? [] : ['`"classify": true` treats numbers in the target column as classes.']),
        PLAN_TIP,
      ],
    },
  });
}

const MAKE_BASE = `// Writes base/model.json: a small network for the rows of the table. It is fresh: its weights are random, and nothing is pretrained.
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import "@tensorflow/tfjs-backend-cpu";
import { readTable } from "@graftjs/data";
import { saveModel } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";

const here = dirname(fileURLToPath(import.meta.url));
const { run } = JSON.parse(readFileSync(resolve(here, "recipe.json"), "utf8"));
const { path, ...options } = run.data.with;
const { data, width } = await readTable(resolve(here, path), options);

tf.enableProdMode();
await tf.setBackend("cpu");
const dense = (units, name, seed, more) =>
  tfl.layers.dense({ units, name, activation: "relu", kernelInitializer: tfl.initializers.heNormal({ seed }), ...more });
const layers = [dense(32, "first", 1, { inputShape: [width] }), dense(32, "body", 2)];
`;

const CLASSES = `await saveModel(tfl.sequential({ layers }), resolve(here, "base"));
console.log(\`Wrote base/model.json: a fresh network for rows of \${width} values, learned from \${data.xs.shape[0]} rows.\`);
`;

const NUMBER = `
// The last layer brings the output to the mean and the standard deviation of the target.
const { values } = data.ys;
const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
const std = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length) || 1;
layers.push(dense(1, "head", 3, { activation: "linear" }), tfl.layers.rescaling({ scale: std, offset: mean }));
await saveModel(tfl.sequential({ layers }), resolve(here, "base"));
console.log(\`Wrote base/model.json: a fresh network for rows of \${width} values, learned from \${values.length} rows.\`);
`;

const FRESH = `
The base is a small network that \`npm install\` writes to \`base/\` by \`make-base.mjs\`. Nothing in it is pretrained: tables differ too much from
each other. If the columns of the table change, run \`node make-base.mjs\` again.
`;

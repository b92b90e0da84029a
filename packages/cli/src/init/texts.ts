import { PLAN_TIP } from "./fresh-readme.ts";
import { type DataProject, freshProject } from "./project.ts";
import type { ProjectFiles } from "./project-files.ts";

export interface TextsProject extends DataProject {
  /** Columns of the texts and of the classes. Undefined if the texts are files in folders. */
  readonly columns: { readonly column: string; readonly target: string } | undefined;
}

/** Number of words that every text is cut to, or padded to. */
const LENGTH = 64;

/** Makes the files of a project that learns classes of texts. */
export function textsProject(project: TextsProject): ProjectFiles {
  const { data, base, columns } = project;
  const own = base === undefined;
  return freshProject(project, {
    run: {
      head: own ? { after: "body" } : {},
      // The length of a base of the user's own is that of its input.
      data: { use: "texts", with: { path: data, ...columns, ...(own ? { length: LENGTH } : {}), validation: 0.2 } },
      metrics: ["accuracy", "confusion"],
    },
    makeBase: MAKE_BASE,
    readme: {
      learns: columns
        ? `Learns the column \`${columns.target}\` from the texts in the column \`${columns.column}\` of the table \`${data}\`.`
        : `Learns the classes of the texts in \`${data}\`: \`.txt\` files, with one subfolder per class.`,
      newFile: "new-text.txt",
      aboutBase: FRESH,
      tips: [
        PLAN_TIP,
        "`npx graft add-class recipe.json --out tuned-2` adds a class after the training. First add its texts.",
      ],
    },
  });
}

const MAKE_BASE = `// Writes base/model.json: a small network for texts, a mean of word vectors. It is fresh: its weights are random, and nothing is pretrained.
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import "@tensorflow/tfjs-backend-cpu";
import { readTexts } from "@graftjs/data";
import { saveModel } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";

const here = dirname(fileURLToPath(import.meta.url));
const { run } = JSON.parse(readFileSync(resolve(here, "recipe.json"), "utf8"));
const { path, ...options } = run.data.with;
const { inputDim, data } = await readTexts(resolve(here, path), options);

tf.enableProdMode();
await tf.setBackend("cpu");
const model = tfl.sequential({
  layers: [
    tfl.layers.embedding({
      ...{ inputDim, outputDim: 32, inputLength: options.length },
      embeddingsInitializer: tfl.initializers.randomNormal({ stddev: 1, seed: 1 }),
    }),
    tfl.layers.globalAveragePooling1d({ name: "pool" }),
    tfl.layers.layerNormalization({ epsilon: 1e-6 }),
    tfl.layers.dense({ units: 32, name: "body", activation: "relu", kernelInitializer: tfl.initializers.heNormal({ seed: 2 }) }),
  ],
});
// The words that pad a short text have a vector of zeros, so that short and long texts differ by their words only.
const [vectors] = model.layers[0].getWeights();
model.layers[0].setWeights([tf.concat([tf.zeros([1, 32]), tf.slice(vectors, [1, 0])])]);
await saveModel(model, resolve(here, "base"));
console.log(\`Wrote base/model.json: a fresh network for the \${inputDim - 2} words of \${data.xs.shape[0]} texts.\`);
`;

const FRESH = `
The base is a small network that \`npm install\` writes to \`base/\` by \`make-base.mjs\`: the mean of the vectors of a text's words. Nothing in it is
pretrained, because no npm package has the weights of a text encoder that can be tuned. So it knows only the words of your texts, and needs
100 texts per class or more. A text is cut after 64 words. If you change \`length\` in \`recipe.json\`, run \`node make-base.mjs\` again. A pretrained encoder, all-MiniLM-L6-v2, is tuned in code in
Graft's \`examples/lora-text\`. If you have a tfjs model with a tokenizer, make a project with \`--base model.json\`, and add \`"tokenizer": "tokenizer.json"\`.
`;

import { PLAN_TIP } from "./fresh-readme.ts";
import { type DataProject, freshProject } from "./project.ts";
import type { ProjectFiles } from "./project-files.ts";

export interface SoundsProject extends DataProject {
  /** Length that every sound is cut to, or padded to. */
  readonly seconds: number;
}

/** Makes the files of a project that learns classes of sounds. */
export function soundsProject(project: SoundsProject): ProjectFiles {
  const { data, base, seconds } = project;
  const own = base === undefined;
  return freshProject(project, {
    run: {
      head: own ? { after: "pool" } : {},
      // The length of a base of the user's own is that of its input.
      data: { use: "sounds", with: { path: data, ...(own ? { seconds } : {}), validation: 0.2 } },
      metrics: ["accuracy", "confusion"],
    },
    makeBase: MAKE_BASE,
    readme: {
      learns: `Learns the classes of the sounds in \`${data}\`: WAV files, with one subfolder per class.`,
      newFile: "new-sound.wav",
      aboutBase: FRESH,
      tips: [
        PLAN_TIP,
        "`npx graft add-class recipe.json --out tuned-2` adds a class after the training. First put its sounds into a new subfolder.",
      ],
    },
  });
}

const MAKE_BASE = `// Writes base/model.json: a small network for spectrograms. It is fresh: its weights are random, and nothing is pretrained.
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import "@tensorflow/tfjs-backend-cpu";
import { readSounds } from "@graftjs/data";
import { saveModel } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";

const here = dirname(fileURLToPath(import.meta.url));
const { run } = JSON.parse(readFileSync(resolve(here, "recipe.json"), "utf8"));
const { path, ...options } = run.data.with;
const { data } = await readSounds(resolve(here, path), options);
const { values, shape } = data.xs;

// The spectrograms of the training sounds get the mean 0 and the standard deviation 1.
const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
const std = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length) || 1;

tf.enableProdMode();
await tf.setBackend("cpu");
const conv = (filters, seed) =>
  tfl.layers.conv2d({
    ...{ filters, kernelSize: 3, strides: 2, padding: "same", activation: "relu" },
    kernelInitializer: tfl.initializers.heNormal({ seed }),
  });
const model = tfl.sequential({
  layers: [
    tfl.layers.rescaling({ scale: 1 / std, offset: -mean / std, inputShape: shape.slice(1) }),
    ...[conv(16, 1), conv(32, 2), conv(64, 3), conv(64, 4)],
    tfl.layers.globalAveragePooling2d({ name: "pool" }),
  ],
});
await saveModel(model, resolve(here, "base"));
console.log(\`Wrote base/model.json: a fresh network for sounds of \${run.data.with.seconds} s.\`);
`;

const FRESH = `
The base is a small network that \`npm install\` writes to \`base/\` by \`make-base.mjs\`. Nothing in it is pretrained, because no npm package has a
small network for sounds that can be tuned. So it needs more examples than pictures do: 30 per class are a start, 100 are better. If you have
a pretrained model, make a project with \`--base model.json\`. If you change \`seconds\` in \`recipe.json\`, run \`node make-base.mjs\` again.
`;

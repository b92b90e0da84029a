import { PLAN_TIP } from "./fresh-readme.ts";
import { type DataProject, freshProject } from "./project.ts";
import type { ProjectFiles } from "./project-files.ts";

/** Makes the files of a project that learns classes of pictures from a small network that has learned nothing yet. */
export function freshPicturesProject(project: DataProject): ProjectFiles {
  const made = freshProject(project, {
    run: {
      head: { after: "pool" },
      data: { use: "images", with: { path: project.data, validation: 0.2 } },
      metrics: ["accuracy", "confusion"],
    },
    makeBase: MAKE_BASE,
    readme: {
      learns: `Learns the classes of the pictures in \`${project.data}\`. It has one subfolder per class.`,
      newFile: "new-picture.jpg",
      aboutBase: FRESH,
      tips: [
        PLAN_TIP,
        "`npx graft add-class recipe.json --out tuned-2` adds a class after the training. First put its pictures into a new subfolder.",
      ],
    },
  });
  const manifest = JSON.parse(made["package.json"] as string) as { dependencies: Record<string, string> };
  const dependencies = { ...manifest.dependencies, sharp: "^0.35.0" };
  return { ...made, "package.json": `${JSON.stringify({ ...manifest, dependencies }, null, 2)}\n` };
}

const MAKE_BASE = `// Writes base/model.json: a small network for pictures. It is fresh: its weights are random, and nothing is pretrained.
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import "@tensorflow/tfjs-backend-cpu";
import { saveModel } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";

const SIDE = 64; // Pixels. More pixels see more details and cost more time.

tf.enableProdMode();
await tf.setBackend("cpu");
const conv = (filters, seed) =>
  tfl.layers.conv2d({
    ...{ filters, kernelSize: 3, strides: 2, padding: "same", activation: "relu" },
    kernelInitializer: tfl.initializers.heNormal({ seed }),
  });
const model = tfl.sequential({
  layers: [
    // Pixels from 0 to 1 become values from -1 to 1.
    tfl.layers.rescaling({ scale: 2, offset: -1, inputShape: [SIDE, SIDE, 3] }),
    ...[conv(16, 1), conv(32, 2), conv(64, 3), conv(64, 4)],
    tfl.layers.globalAveragePooling2d({ name: "pool" }),
  ],
});
await saveModel(model, resolve(dirname(fileURLToPath(import.meta.url)), "base"));
console.log("Wrote base/model.json: a fresh network, " + SIDE + " × " + SIDE + " pixels.");
`;

const FRESH = `
The base is a small network that \`npm install\` writes to \`base/\` by \`make-base.mjs\`. Nothing in it is pretrained, so it needs hundreds of pictures
per class. \`--base mobilenet-v2\` starts from a pretrained network, which needs about ten.
`;

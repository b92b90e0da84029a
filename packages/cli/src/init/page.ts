import { packageJson } from "./package-json.ts";
import type { ProjectFiles } from "./project-files.ts";

/** Makes the files of a web page, built by Vite, whose Worker trains a model. */
export function pageProject(folder: string, version: string): ProjectFiles {
  return {
    "package.json": packageJson({
      folder,
      graft: ["backend", "backend-wasm", "core", "tuner"],
      version,
      others: { "@tensorflow/tfjs-backend-wasm": "^4.22.0", vite: "^8.0.0" },
      scripts: { start: "vite", build: "vite build", preview: "vite preview" },
    }),
    "vite.config.js": CONFIG,
    "index.html": html(folder),
    "main.js": MAIN,
    "worker.js": WORKER,
    "README.md": readme(folder),
    ".gitignore": "node_modules/\ndist/\n",
  };
}

const CONFIG = `import { defineConfig } from "vite";

// Relative addresses, so that the built folder works at any place of a server.
export default defineConfig({ base: "./", worker: { format: "es" }, build: { target: "es2022" } });
`;

function html(folder: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>${folder.replace(/[^\w .-]/g, "-")}</title>
    <style>
      :root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
      body { margin: 2rem auto; max-width: 40rem; padding: 0 1rem; }
      svg { border: 1px solid; width: 100%; }
    </style>
  </head>
  <body>
    <h1>Train in the page</h1>
    <p>A Worker learns which points lie in a circle. Nothing leaves this computer.</p>
    <p><button id="train">Train</button> <output id="state">Not trained yet.</output></p>
    <svg viewBox="0 0 100 40" role="img" aria-label="Loss by epoch">
      <polyline id="curve" fill="none" stroke="currentColor" vector-effect="non-scaling-stroke" />
    </svg>
    <p><a id="delta" download="delta.safetensors" hidden>Save the trained difference</a></p>
    <script type="module" src="./main.js"></script>
  </body>
</html>
`;
}

const MAIN = `import { fineTuneInWorker } from "@graftjs/tuner";

const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
const [button, state, curve, link] = ["train", "state", "curve", "delta"].map((id) => document.getElementById(id));
const EPOCHS = 30;

button.addEventListener("click", async () => {
  button.disabled = true;
  state.textContent = "Starting …";
  const losses = [];
  const start = performance.now();
  const observer = {
    name: "page",
    epochEnd({ epoch, logs }) {
      losses.push(logs.loss);
      const x = (i) => (100 * i) / (EPOCHS - 1);
      curve.setAttribute("points", losses.map((loss, i) => \`\${x(i)},\${40 - (40 * loss) / losses[0]}\`).join(" "));
      state.textContent = \`Epoch \${epoch + 1}: loss \${logs.loss.toFixed(3)}, right \${(100 * logs.val_acc).toFixed(0)} %\`;
    },
  };
  try {
    const { delta } = await fineTuneInWorker(worker, { epochs: EPOCHS }, { observers: [observer] }).result;
    state.textContent += \`, \${((performance.now() - start) / 1000).toFixed(1)} s\`;
    link.href = URL.createObjectURL(new Blob([delta]));
    link.hidden = false;
  } catch (error) {
    state.textContent = String(error);
  }
  button.disabled = false;
});
`;

const WORKER = `import { openBackend } from "@graftjs/backend";
import { wasmBackend } from "@graftjs/backend-wasm";
import { adam } from "@graftjs/core";
import { serveFineTune } from "@graftjs/tuner";
import plain from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url";
import simd from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url";
import threaded from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";

// The files of tfjs come from this page, and never from another server.
const wasmPaths = {
  "tfjs-backend-wasm.wasm": plain,
  "tfjs-backend-wasm-simd.wasm": simd,
  "tfjs-backend-wasm-threaded-simd.wasm": threaded,
};
const opened = openBackend([wasmBackend({ wasmPaths })]);

serveFineTune(self, async ({ epochs }) => {
  await opened;
  return {
    model: makeModel(),
    options: {
      ...{ data: examples(400, 1), validation: examples(100, 2) },
      ...{ loss: "categoricalCrossentropy", metrics: ["accuracy"] },
      ...{ trainable: "**", rule: adam(), learningRate: 0.02 },
      ...{ epochs, batchSize: 32 },
    },
  };
});

/** Your model goes here: \`await loadLayersModel(urlReader("base/model.json"))\` reads one from the folder \`public\`. */
function makeModel() {
  const kernelInitializer = tfl.initializers.heNormal({ seed: 1 });
  return tfl.sequential({
    layers: [
      tfl.layers.dense({ units: 16, inputShape: [2], activation: "relu", kernelInitializer, name: "body" }),
      tfl.layers.dense({ units: 2, activation: "softmax", kernelInitializer, name: "head" }),
    ],
  });
}

/** Your examples go here. The page can send them with the job. */
function examples(count, seed) {
  const xs = tf.randomNormal([count, 2], 0, 1, "float32", seed);
  const inside = tf.less(tf.sum(tf.square(xs), 1), 1);
  return { xs, ys: tf.cast(tf.oneHot(tf.cast(inside, "int32"), 2), "float32") };
}
`;

function readme(folder: string): string {
  return `# ${folder}

A web page whose Worker trains a model, so that the page stays responsive.

    npm install
    npm start

\`npm run build\` writes the page to \`dist/\`, a folder that any web server can serve.

- \`worker.js\` has the model, the examples and the options of the training. Put your own there.
- \`main.js\` starts the training, shows its loss, and offers the trained parameters as a file.

The training runs on WebAssembly. All files come from this page: nothing is asked from other servers. \`@graftjs/backend-webgpu\` and
\`@graftjs/backend-webgl\` train on the GPU: put them before \`wasmBackend\`. The web component of \`@graftjs/studio\` is a whole page
that learns classes of pictures.
`;
}

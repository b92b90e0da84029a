import { packageJson } from "./package-json.ts";
import { type DataProject, IGNORED, scriptsOf } from "./project.ts";
import type { ProjectFiles } from "./project-files.ts";

/**
 * Makes the files of a project that learns classes of pictures.
 *
 * @param side height and width of the pictures for MobileNetV2, in pixels. A base of the user's own has its own size.
 */
export function picturesProject(
  { folder, data: pictures, base, version, schema }: DataProject,
  side: number,
): ProjectFiles {
  const own = base === undefined;
  return {
    "package.json": packageJson({
      folder,
      graft: ["backend-wasm", "cli", "core", "data", "tuner", ...(own ? ["frozen-bn"] : [])],
      version,
      others: {
        "@tensorflow/tfjs-backend-wasm": "^4.22.0",
        sharp: "^0.35.0",
      },
      scripts: scriptsOf(own),
    }),
    "recipe.json": `${JSON.stringify(recipe(pictures, base), null, 2)}\n`,
    "graft.schema.json": schema,
    ...(own ? { "make-base.mjs": makeBase(side) } : {}),
    "README.md": readme(folder, pictures, own),
    ".gitignore": IGNORED,
  };
}

/** A base of the user's own may have no batch norm, which the patch refuses. */
function recipe(pictures: string, base: string | undefined): object {
  return {
    $schema: "./graft.schema.json",
    backends: ["wasm"],
    plugins: ["@graftjs/backend-wasm", ...(base === undefined ? ["@graftjs/frozen-bn"] : [])],
    ...(base === undefined ? { patches: ["frozen-bn"] } : {}),
    trainable: "head/**",
    rule: "adam",
    learningRate: 0.01,
    observers: [{ use: "html-report", with: { to: "report.html" } }],
    run: {
      model: base ?? "base/model.json",
      // The layers after `out_relu` of nsfwjs are for its own five classes.
      head: base === undefined ? { after: "out_relu" } : {},
      data: { use: "images", with: { path: pictures, validation: 0.2 } },
      metrics: ["accuracy", "confusion"],
      epochs: 15,
      batchSize: 16,
      output: "tuned",
    },
  };
}

/**
 * Writes MobileNetV2 for pictures of the given size, from a package that ships its weights. The package is not installed, because it would
 * bring the whole of tfjs, 180 MB together, only to run its own predictions.
 */
const makeBase = (
  side: number,
): string => `// Writes base/model.json: MobileNetV2 for pictures of ${side} × ${side} pixels, from the npm package nsfwjs (MIT).
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const SIDE = ${side}; // Pixels: a multiple of 32. More pixels see more details and cost more time.
const PACKAGE = "nsfwjs@4.3.0";
const SHA512 = "WTKDte0vp1X97N1h34P79G/hG+sVT3+TnDz9di1WseIJR93v11E4viNX7Vg9WsO6HYoR772Nzq2iM8jo3XBZ+g==";

// A second \`npm install\` keeps the base. \`node make-base.mjs\` writes it again.
if (process.env.npm_lifecycle_event === "prepare" && existsSync("base/model.json")) process.exit();

// The package is unpacked, not installed: only its weights are needed. npm downloads it, or takes it from its cache.
const folder = mkdtempSync(join(tmpdir(), "base-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const shell = process.platform === "win32";
execFileSync("npm", ["pack", PACKAGE, "--silent", "--pack-destination", folder], { shell, stdio: ["ignore", "ignore", "inherit"] });
const [file] = readdirSync(folder);
if (createHash("sha512").update(readFileSync(join(folder, file))).digest("base64") !== SHA512)
  throw new Error(\`\${PACKAGE} is not the package that was published. Empty npm's cache: npm cache clean --force\`);
execFileSync("tar", ["-xzf", file, "package/dist/models/mobilenet_v2"], { cwd: folder });

const files = join(folder, "package/dist/models/mobilenet_v2");
writeFileSync(join(files, "package.json"), '{ "type": "commonjs" }');
const require = createRequire(join(files, "package.json"));
const { modelTopology, weightsManifest } = require("./model.min.js");
const weights = Buffer.from(require("./group1-shard1of1.min.js"), "base64");
// The net has only convolutions and a mean over the feature map, so its weights fit any size.
const topology = JSON.stringify(modelTopology)
  .replaceAll("[null,224,224,3]", \`[null,\${SIDE},\${SIDE},3]\`)
  .replaceAll("[7,7]", \`[\${SIDE / 32},\${SIDE / 32}]\`);
mkdirSync("base", { recursive: true });
writeFileSync("base/weights.bin", weights);
const manifest = [{ paths: ["weights.bin"], weights: weightsManifest.flatMap((group) => group.weights) }];
const model = { format: "layers-model", modelTopology: JSON.parse(topology), weightsManifest: manifest };
writeFileSync("base/model.json", JSON.stringify(model));
console.log("Wrote base/model.json: MobileNetV2, " + SIDE + " × " + SIDE + " pixels.");
`;

function readme(folder: string, pictures: string, own: boolean): string {
  return `# ${folder}

Learns the classes of the pictures in \`${pictures}\`. It has one subfolder per class.

    npm install
    npm run train
    npm run predict -- new-picture.jpg

\`npm run train\` runs \`recipe.json\`, and writes the model to \`tuned/\` and a report to \`report.html\`.
${own ? "`npm install` writes the base model to `base/` by `make-base.mjs`: MobileNetV2 from the npm package `nsfwjs`, which is downloaded but not installed.\n" : ""}
To change the training, edit \`recipe.json\`. An editor completes it by \`graft.schema.json\`.

- \`"trainable": "head/**"\` trains the new last layer. \`["block_16*/**", "Conv_1*/**", "head/**"]\` trains more. Use a learning rate of 0.0001 then.
- \`npx graft plan recipe.json\` predicts time and memory before the run.
- \`npx graft explain recipe.json\` says what the recipe does.
`;
}

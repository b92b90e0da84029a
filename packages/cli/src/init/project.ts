import { freshReadme, type ReadmeParts } from "./fresh-readme.ts";
import { packageJson } from "./package-json.ts";
import type { ProjectFiles } from "./project-files.ts";

/** The parts that every project with data has. */
export interface DataProject {
  /** Name of the project's folder. */
  readonly folder: string;
  /** Folder or file of the data, relative to the project or absolute. */
  readonly data: string;
  /** Path of a base model, relative to the project or absolute. Without it, the project makes one. */
  readonly base?: string;
  /** Range of Graft's packages. */
  readonly version: string;
  /** JSON Schema of recipes. */
  readonly schema: string;
}

/** Files that a project's runs and its base write. */
export const IGNORED = "node_modules/\nbase/\ntuned/\nreport.html\n";

/** The commands of a project, and the script that makes its base after `npm install`. */
export function scriptsOf(makesBase: boolean): Readonly<Record<string, string>> {
  return {
    // npm runs `prepare` after `npm install`.
    ...(makesBase ? { prepare: "node make-base.mjs" } : {}),
    train: "graft run recipe.json",
    predict: "graft predict tuned",
  };
}

/** The parts of a project with a fresh network that depend on the kind of data. */
interface FreshParts {
  /** The section `run` of the recipe, without the training options that all kinds share. */
  readonly run: Readonly<Record<string, unknown>>;
  /** Program that writes the base. Not used if the user has given one. */
  readonly makeBase: string;
  readonly readme: ReadmeParts;
}

/** Makes the files of a project whose base, if the user gives none, is a small network that has learned nothing yet. */
export function freshProject({ folder, base, version, schema }: DataProject, parts: FreshParts): ProjectFiles {
  const own = base === undefined;
  return {
    "package.json": packageJson({
      folder,
      graft: ["backend-wasm", "cli", "core", "data", "tuner"],
      version,
      others: { "@tensorflow/tfjs-backend-wasm": "^4.22.0" },
      scripts: scriptsOf(own),
    }),
    "recipe.json": freshRecipe({ model: base ?? "base/model.json", ...parts.run }),
    "graft.schema.json": schema,
    ...(own ? { "make-base.mjs": parts.makeBase } : {}),
    "README.md": freshReadme(folder, own, parts.readme),
    ".gitignore": IGNORED,
  };
}

/** The recipe of a network that has learned nothing yet: all of it trains, and the best epoch is kept. */
function freshRecipe(run: Readonly<Record<string, unknown>>): string {
  const recipe = {
    $schema: "./graft.schema.json",
    backends: ["wasm"],
    plugins: ["@graftjs/backend-wasm"],
    trainable: "**",
    rule: "adam",
    learningRate: 0.003,
    observers: [{ use: "html-report", with: { to: "report.html" } }],
    run: { ...run, epochs: 60, batchSize: 16, earlyStopping: { patience: 15 }, output: "tuned" },
  };
  return `${JSON.stringify(recipe, null, 2)}\n`;
}

/** What every project that learns from data has. */
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

/** The recipe of a network that has learned nothing yet: all of it trains, and the best epoch is kept. */
export function freshRecipe(run: Readonly<Record<string, unknown>>): string {
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

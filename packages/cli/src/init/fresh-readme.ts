/** The parts of a project's README that depend on the kind of data. */
export interface ReadmeParts {
  /** A sentence: what the project learns from which data. */
  readonly learns: string;
  /** Name of a file to predict, for an example. */
  readonly newFile: string;
  /** Sentences about that file. */
  readonly aboutNewFile?: string;
  /** A paragraph about the base that the project makes, with line ends around it. Left out if the user has given a base. */
  readonly aboutBase: string;
  /** Further things to try, in their order. */
  readonly tips: readonly string[];
}

/** Makes the README of a project with a fresh network. */
export function freshReadme(folder: string, own: boolean, parts: ReadmeParts): string {
  return `# ${folder}

${parts.learns}

    npm install
    npm run train
    npm run predict -- ${parts.newFile}
${parts.aboutNewFile === undefined ? "" : `\n${parts.aboutNewFile}\n`}
\`npm run train\` runs \`recipe.json\`, and writes the model to \`tuned/\` and a report to \`report.html\`. It keeps the best epoch.
${own ? parts.aboutBase : ""}
To change the training, edit \`recipe.json\`. An editor completes it by \`graft.schema.json\`.

${parts.tips.map((tip) => `- ${tip}\n`).join("")}`;
}

/** The tip that every project with a recipe has. */
export const PLAN_TIP = "`npx graft plan recipe.json` predicts time and memory before the run.";

import { packageJson } from "./package-json.ts";
import type { ProjectFiles } from "./project-files.ts";

/** Makes the files of a package with one hook and its conformance test. */
export function pluginProject(folder: string, version: string): ProjectFiles {
  return {
    "package.json": packageJson({
      folder,
      graft: ["core", "testing"],
      version,
      others: { "@tensorflow/tfjs-backend-wasm": "^4.22.0", vitest: "^4.0.0" },
      scripts: { test: "vitest run" },
      exports: "./index.js",
    }),
    "index.js": HOOK,
    "index.test.js": TEST,
    "README.md": readme(folder),
    ".gitignore": "node_modules/\n",
  };
}

const HOOK = `import { definePlugin, mapTensors, optionsSchema, stateless } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

const options = optionsSchema({
  limit: { type: "number", exclusiveMinimum: 0, default: 1, description: "Largest absolute value of a gradient" },
});

/** Cuts every gradient to the range from −limit to limit. */
export function clipValues(given = {}) {
  const { limit } = options.parse("clip-values", given);
  return stateless("clip-values", (grads) => mapTensors(grads, (g) => tf.clipByValue(g, -limit, limit)));
}

// Recipes find the hook by its name if they list this package under "plugins".
export const plugins = [
  definePlugin({
    kind: "hook",
    name: "clip-values",
    description: "Cuts every gradient to a range",
    options,
    create: clipValues,
  }),
];
`;

const TEST = `import { testHook } from "@graftjs/testing";
import { expect, it } from "vitest";
import { clipValues } from "./index.js";

testHook(() => clipValues());

it("refuses a limit that is not positive", () => {
  expect(() => clipValues({ limit: 0 })).toThrow(/limit/);
});
`;

function readme(folder: string): string {
  return `# ${folder}

A hook for Graft: \`clip-values\` cuts every gradient to a range.

    npm install
    npm test

\`index.js\` has the hook and its options. \`index.test.js\` runs Graft's conformance checks on it.
In a recipe beside this folder: \`"plugins": ["./${folder}/index.js"], "hooks": ["clip-values"]\`.
`;
}

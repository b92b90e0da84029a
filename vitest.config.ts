import { defineConfig } from "vitest/config";

/** One Node process a test file: tfjs keeps its engine in a global, and two backends must not meet in it. */
export default defineConfig({
  test: {
    include: ["packages/*/test/**/*.test.ts", "examples/*/test/**/*.test.ts", "tools/test/**/*.test.ts"],
    // Run by vitest.browser.config.ts.
    exclude: ["**/node_modules/**", "**/*.{browser,gpu}.test.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});

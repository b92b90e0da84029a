import { defineConfig } from "vitest/config";

/** Each test file has its own Node process, because tfjs keeps its engine in a global and backends of two files would share it. */
export default defineConfig({
  test: {
    include: ["packages/*/test/**/*.test.ts", "examples/*/test/**/*.test.ts", "tools/test/**/*.test.ts"],
    // vitest.browser.config.ts runs these.
    exclude: ["**/node_modules/**", "**/*.{browser,gpu}.test.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});

import { defineConfig } from "vitest/config";

/**
 * Tests that need Chromium (*.browser.test.ts) or a Vulkan driver for Dawn (*.gpu.test.ts). They run one after the other. A
 * software GPU takes all cores, so two at the same time would exceed their time limits.
 */
export default defineConfig({
  test: {
    include: [
      "apps/*/test/**/*.browser.test.ts",
      "packages/*/test/**/*.{browser,gpu}.test.ts",
      "examples/*/test/**/*.{browser,gpu}.test.ts",
    ],
    pool: "forks",
    maxWorkers: 1,
    testTimeout: 600_000,
    hookTimeout: 120_000,
  },
});

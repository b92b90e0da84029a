import { defineConfig } from "vitest/config";

/**
 * Tests that need Chromium (*.browser.test.ts) or a Vulkan driver for Dawn (*.gpu.test.ts). One after the other: software
 * GPUs take all cores, and two of them would run into each other's time limits.
 */
export default defineConfig({
  test: {
    include: ["packages/*/test/**/*.{browser,gpu}.test.ts", "examples/*/test/**/*.{browser,gpu}.test.ts"],
    pool: "forks",
    maxWorkers: 1,
    testTimeout: 600_000,
    hookTimeout: 120_000,
  },
});

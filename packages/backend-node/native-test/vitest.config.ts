import { defineConfig, type ViteUserConfig } from "vitest/config";

/** Tests that need native TensorFlow: `pnpm --filter @graftjs/backend-node native-ci`. Each file runs in its own process. */
const config: ViteUserConfig = defineConfig({
  test: {
    include: ["native-test/**/*.test.ts"],
    pool: "forks",
    maxWorkers: 1,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
export default config;

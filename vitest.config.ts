import { defineConfig } from "vitest/config";

/**
 * Test files that share a Node process. Importing tfjs takes a second, so this saves minutes. These tests set the backend that they
 * need, and they put every kernel back that they replace. Three are left out: `peak` counts the bytes of all tensors in the process,
 * `missing-gradients` looks at the gradients of cpu as they are before wasm was ever opened, and `cpu-backend` needs a process without cpu.
 */
const SHARED =
  "packages/{backend,blocks,cli,core,data,frozen-bn,gradient-surgery,lars,lora,presets,registry,studio,testing,transforms,tuner}/test/**/!(peak|missing-gradients|cpu-backend).test.ts";
const limits = { testTimeout: 120_000, hookTimeout: 120_000 };
// vitest.browser.config.ts runs the tests of browsers and GPUs.
const exclude = ["**/node_modules/**", "**/*.{browser,gpu}.test.ts"];

export default defineConfig({
  test: {
    pool: "forks",
    maxWorkers: 2,
    projects: [
      { extends: true, test: { ...limits, name: "shared", include: [SHARED], exclude, isolate: false } },
      {
        // Each file has its own process: adapters register kernels and keep threads, and programs have their own globals.
        extends: true,
        test: {
          ...limits,
          name: "apart",
          include: ["packages/*/test/**/*.test.ts", "examples/*/test/**/*.test.ts", "tools/test/**/*.test.ts"],
          exclude: [...exclude, SHARED],
        },
      },
    ],
  },
});

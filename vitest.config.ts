import { defineConfig } from "vitest/config";

/**
 * Test files that share a Node process. Importing tfjs takes a second, so this saves minutes. These tests set the backend that they
 * need, and they put every kernel back that they replace. Left out are files that need a new process: `peak` counts the bytes of all
 * tensors, `cpu-backend` needs a process without cpu, in `keras-written` tfjs counts the names of layers, and the others look at stock tfjs.
 */
const SHARED =
  "packages/{backend,blocks,core,data,frozen-bn,gradient-surgery,lars,lora,presets,registry,studio,testing,transforms,tuner}/test/**/!(peak|cpu-backend|corrected-layers|keras-written|layer-sweep|missing-gradients|tfjs-defects).test.ts";
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

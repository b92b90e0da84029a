import { afterAll, beforeEach, expect, it } from "vitest";
import { graft, setUp, tearDown, write } from "./fixture.ts";

/** A backend of cpu's kernels except one, which calls itself unable to train. */
const half = (without: string): string => `import * as tf from "@tensorflow/tfjs-core";
const capabilities = { missingKernels: ["${without}"], floatBits: 32, syncRead: true };
const create = () => ({
  name: "half",
  device: "cpu",
  probe: async () => ({ ok: true, capabilities }),
  async init() {
    tf.registerBackend("half", tf.findBackendFactory("cpu"));
    for (const kernel of tf.getKernelsForBackend("cpu")) {
      if (kernel.kernelName !== "${without}") tf.registerKernel({ ...kernel, backendName: "half" });
    }
    await tf.setBackend("half");
    const dispose = async () => {
      await tf.setBackend("cpu");
      for (const { kernelName } of tf.getKernelsForBackend("half")) tf.unregisterKernel(kernelName, "half");
      tf.removeBackend("half");
    };
    return { name: "half", capabilities, dispose };
  },
});
export const plugins = [{ kind: "backend", name: "half", description: "cpu, but for one kernel", create }];
`;

let recipe: Record<string, unknown>;
beforeEach(async () => {
  recipe = await setUp();
});
afterAll(tearDown);

async function runOn(backends: readonly string[], without: string): ReturnType<typeof graft> {
  // Modules are cached by their address.
  write(`half-${without}.js`, half(without));
  write("recipe.json", { ...recipe, plugins: [...(recipe.plugins as string[]), `./half-${without}.js`], backends });
  return graft("run", "recipe.json");
}

it("takes a backend that lacks nothing of what this model calls", async () => {
  const { code, err } = await runOn(["half", "cpu"], "Conv2DBackpropFilter");
  expect({ code, err }).toEqual({ code: 0, err: "" });
});

it("goes past one that lacks a kernel of this model, and says which", async () => {
  const { code, out, err } = await runOn(["half", "cpu"], "Softmax");
  expect(err).toBe("Not on half: cannot run this model, lacks Softmax\n");
  expect(code).toBe(0);
  expect(out).toContain("Saved");
});

it("names what every backend lacks, where none is left", async () => {
  const { code, err } = await runOn(["half"], "Softmax");
  expect(code).not.toBe(0);
  expect(err).toMatch(/None of 1 backends can run this model[\s\S]*half: cannot run this model, lacks Softmax/);
});

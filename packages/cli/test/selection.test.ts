import { afterAll, beforeEach, expect, it } from "vitest";
import { graft, setUp, tearDown, write } from "./fixture.ts";

/** Source of a plugin: a backend with all kernels of cpu except one. It reports that kernel as missing. */
const half = (without: string): string => `import * as tf from "@tensorflow/tfjs-core";
const capabilities = { missingKernels: ["${without}"], floatBits: 32, syncRead: true };
const create = () => ({
  name: "half",
  device: "cpu",
  availability: async () => ({ ok: true, capabilities }),
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
export const plugins = [{ kind: "backend", name: "half", description: "cpu without one kernel", create }];
`;

let recipe: Record<string, unknown>;
beforeEach(async () => {
  recipe = await setUp();
});
afterAll(tearDown);

async function runOn(backends: readonly string[], without: string): ReturnType<typeof graft> {
  // Each backend needs a file of its own, because modules are cached by their path.
  write(`half-${without}.js`, half(without));
  write("recipe.json", { ...recipe, plugins: [...(recipe.plugins as string[]), `./half-${without}.js`], backends });
  return graft("run", "recipe.json");
}

it("takes a backend if the kernel that it lacks is not called by this model", async () => {
  const { code, err } = await runOn(["half", "cpu"], "Conv2DBackpropFilter");
  expect({ code, err }).toEqual({ code: 0, err: "" });
});

it("skips a backend that lacks a kernel of this model, and names the kernel", async () => {
  const { code, out, err } = await runOn(["half", "cpu"], "Softmax");
  expect(err).toBe("Skipped half: cannot run this model, lacks Softmax\n");
  expect(code).toBe(0);
  expect(out).toContain("Saved");
});

it("names the kernels that each backend lacks if no backend is left", async () => {
  const { code, err } = await runOn(["half"], "Softmax");
  expect(code).not.toBe(0);
  expect(err).toMatch(/None of 1 backends can run this model[\s\S]*half: cannot run this model, lacks Softmax/);
});

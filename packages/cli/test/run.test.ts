import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeEach, expect, it, vi } from "vitest";
import { folder, graft, setUp, tearDown, write } from "./fixture.ts";

beforeEach(async () => write("recipe.json", await setUp()));
afterAll(tearDown);

it("run prints the plan and the epochs, and saves a delta that holds only the trained tensors", async () => {
  const { code, out, err } = await graft("run", "recipe.json");
  expect(err).toBe("");
  expect(code).toBe(0);
  expect(out).toMatch(/trained +10 of 26 parameters/);
  expect(out).toMatch(/epoch 2\/2 .*loss/);
  const delta = readFileSync(join(folder, "out", "delta.safetensors"));
  const header = JSON.parse(delta.subarray(8, 8 + Number(delta.readBigUInt64LE(0))).toString("utf8"));
  expect(
    Object.keys(header)
      .filter((name) => name !== "__metadata__")
      .sort(),
  ).toEqual(["head/bias", "head/kernel"]);
});

it("run adds the recipe's new head after the named layer, with the same initial weights every time", async () => {
  const recipe = await setUp();
  const head = { after: "body", units: 2, name: "new" };
  write("recipe.json", { ...recipe, trainable: "new/**", run: { ...(recipe.run as object), head, seed: 3 } });
  expect((await graft("plan", "--trust-paths", "recipe.json")).out).toMatch(/trained +10 of 26 parameters/);
  expect(await graft("run", "recipe.json", "--out", "a.safetensors")).toMatchObject({ code: 0, err: "" });
  await graft("run", "recipe.json", "--out", "b.safetensors");
  const [a, b] = ["a", "b"].map((name) => readFileSync(join(folder, `${name}.safetensors`)));
  expect(a?.toString("latin1")).toContain("new/kernel");
  expect(b?.equals(a as Buffer)).toBe(true);
});

it("plan --json prints the plan as JSON and trains nothing", async () => {
  const { code, out } = await graft("plan", "--trust-paths", "recipe.json", "--json");
  expect(code).toBe(0);
  expect(JSON.parse(out).parameters).toMatchObject({ trained: 10, total: 26 });
});

it("plan --limit says whether the run fits; the limit may have a unit", async () => {
  const fits = await graft("plan", "--trust-paths", "recipe.json", "--limit", "1.5 GB", "--json");
  expect(JSON.parse(fits.out).predicted).toMatchObject({ limit: 1.5e9, fits: true });
  expect((await graft("plan", "--trust-paths", "recipe.json", "--limit", "100")).out).toMatch(
    /^limit +does not fit 100 B/m,
  );
  expect(await graft("plan", "--trust-paths", "recipe.json", "--limit", "much")).toMatchObject({
    code: 2,
    err: '--limit is "much".\n  Give a number of bytes, for example --limit 800MB.\n',
  });
});

it("list names the plugins that a recipe can use, and explain the parts of its step", async () => {
  expect((await graft("list", "recipe.json")).out).toMatch(/hook +clip-by-global-norm/);
  expect((await graft("explain", "recipe.json")).out).toMatch(/clip-by-global-norm[\s\S]*sgd/);
});

it("list, explain and schema accept a recipe without a run section", async () => {
  const { run: _run, ...recipe } = await setUp();
  write("recipe.json", recipe);
  for (const command of ["list", "explain", "schema"])
    expect(await graft(command, "recipe.json"), command).toMatchObject({ code: 0, err: "" });
});

it("help names every command and the exit codes", async () => {
  const { code, out } = await graft("--help");
  expect(code).toBe(0);
  for (const command of ["run", "plan", "explain", "list"]) expect(out).toMatch(new RegExp(`^  ${command} `, "m"));
  expect(out).toContain("Exit codes");
});

it("a run that continues from a checkpoint saves the same delta as an uninterrupted run", async () => {
  const recipe = await setUp();
  write("recipe.json", recipe);
  await graft("run", "recipe.json", "--out", "whole.safetensors");
  await graft("run", "recipe.json", "--out", "first.safetensors", "--checkpoint", "state");
  const { code, err } = await graft(
    "run",
    "recipe.json",
    "--out",
    "second.safetensors",
    "--checkpoint",
    "state",
    "--resume",
  );
  expect(err).toBe("");
  expect(code).toBe(0);
  const [whole, second] = ["whole", "second"].map((name) => readFileSync(join(folder, `${name}.safetensors`)));
  expect(second?.equals(whole as Buffer)).toBe(true);
  expect((await graft("run", "recipe.json", "--resume")).err).toContain("--resume needs --checkpoint");
  const again = await graft("run", "recipe.json", "--out", "third.safetensors", "--checkpoint", "state");
  expect(again.err).toMatch(/has checkpoints of an earlier run[\s\S]*--resume/);
  expect(again.code).not.toBe(0);
  expect(existsSync(join(folder, "third.safetensors"))).toBe(false);
});

it("schema describes recipes to an editor, including the run section", async () => {
  const { properties, definitions } = JSON.parse((await graft("schema", "recipe.json")).out);
  expect(properties.run.properties.epochs).toMatchObject({ type: "integer" });
  expect(JSON.stringify(definitions.hook)).toContain("clip-by-global-norm");
});

it("doctor checks one backend, and refuses an unknown one", async () => {
  const { code, out } = await graft("doctor", "--only", "backend-wasm", "--json");
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject([{ name: "backend-wasm", ok: true, missingKernels: [] }]);
  expect(await graft("doctor", "--only", "backend-wasn")).toMatchObject({
    code: 2,
    err: expect.stringContaining("has no check `backend-wasn`.\n  Did you mean `backend-wasm`"),
  });
});

/** Adds a hook that loses the device once, at step 4, and a backend that computes on the CPU but calls itself a GPU. */
function lossy(recipe: Record<string, unknown>): Record<string, unknown> {
  write(
    "lossy.js",
    `import { cpuBackend } from "@graftjs/backend";
import { BackendLostError } from "@graftjs/core";
const create = () => {
  let lost = false;
  return {
    name: "lose-once",
    init: () => null,
    transform(grads, state, { step }) {
      if (step === 4 && !lost) {
        lost = true;
        throw new BackendLostError("The device was lost.", "Continue elsewhere.");
      }
      return { grads, state };
    },
  };
};
const gpu = () => {
  const cpu = cpuBackend();
  return { ...cpu, name: "gpu", device: "gpu", init: async () => ({ ...(await cpu.init()), name: "gpu" }) };
};
export const plugins = [
  { kind: "hook", name: "lose-once", description: "Loses the device once, at step 4", create },
  { kind: "backend", name: "gpu", description: "cpu under another name", create: gpu },
];
`,
  );
  return { ...recipe, plugins: [...(recipe.plugins as string[]), "./lossy.js"], hooks: ["lose-once"] };
}

it("a device that is lost during the run: continues from the checkpoint on the recipe's next backend", async () => {
  write("recipe.json", { ...lossy(await setUp()), backends: ["wasm", "cpu"] });
  const { code, out, err } = await graft("run", "recipe.json", "--checkpoint", "state");
  expect(err).toBe("The device was lost. Continuing on cpu.\nStarting from step 3, the last checkpoint.\n");
  expect(code).toBe(0);
  expect(out.match(/epoch 1\/2/g)).toHaveLength(1);
  expect(out).toMatch(/epoch 2\/2[\s\S]*Saved/);
});

it("a GPU that is lost without --checkpoint: continues from a temporary folder, which is deleted at the end", async () => {
  write("recipe.json", { ...lossy(await setUp()), backends: ["gpu", "cpu"] });
  mkdirSync(join(folder, "tmp"));
  vi.stubEnv("TMPDIR", join(folder, "tmp"));
  const { code, out, err } = await graft("run", "recipe.json", "--out", "lost.safetensors");
  vi.unstubAllEnvs();
  expect(err).toBe("The device was lost. Continuing on cpu.\nStarting from step 3, the last checkpoint.\n");
  expect(code).toBe(0);
  expect(out.match(/epoch 1\/2/g)).toHaveLength(1);
  expect(readdirSync(join(folder, "tmp"))).toEqual([]);
});

it("says that it restarts if no checkpoint was written", async () => {
  write("recipe.json", { ...lossy(await setUp()), backends: ["wasm", "cpu"] });
  const { code, out, err } = await graft("run", "recipe.json");
  expect(err).toBe("The device was lost. Continuing on cpu.\nRestarting: there was no checkpoint yet.\n");
  expect(code).toBe(0);
  expect(out.match(/epoch 1\/2/g)).toHaveLength(2);
});

it("restarts if the data differ on the next backend and the person asked for no checkpoint", async () => {
  const recipe = await setUp();
  const run = { ...(recipe.run as object), data: "moving-data.js" };
  write("recipe.json", { ...lossy(recipe), run, backends: ["gpu", "cpu"] });
  write(
    "moving-data.js",
    `import * as tf from "@tensorflow/tfjs-core";
let times = 0;
export default () => {
  const xs = tf.randomNormal([48, 3], 0, 1, "float32", times++);
  return { data: { xs, ys: tf.oneHot(tf.cast(tf.greater(tf.sum(xs, 1), 0), "int32"), 2) } };
};
`,
  );
  const lost = await graft("run", "recipe.json");
  expect(lost.err).toMatch(
    /^The device was lost. Continuing on cpu.\nRestarting: the data differ from the checkpoint's/,
  );
  expect(lost.code).toBe(0);
  const asked = await graft("run", "recipe.json", "--checkpoint", "asked");
  expect(asked.err).toMatch(/The checkpoint is of another run.*data: was/s);
  expect(asked.code).not.toBe(0);
});

it("a run that fails after its first step exits with 1 and its own message; wrong input exits with 2", async () => {
  const recipe = await setUp();
  const withData = (data: string) => write("recipe.json", { ...recipe, run: { ...(recipe.run as object), data } });
  write("nan.js", "export default () => ({ data: { xs: [[NaN, 2, 3], [1, 2, 3]], ys: [[1, 0], [0, 1]] } });");
  withData("nan.js");
  const failed = await graft("run", "recipe.json", "--json");
  expect(failed.code).toBe(1);
  expect(failed.err).toMatch(/The step was not applied\.\n/);
  expect(failed.err).not.toMatch(/Unexpected|RunError/);
  expect((await graft("run", "recipe.json", "--json", "--verbose")).err).toMatch(/NonFiniteError[\s\S]*^ +at /m);
  write(
    "late.js",
    `import { OptionsError } from "@graftjs/core";
const transform = (grads, state, { step }) => {
  if (step === 3) throw new OptionsError("Something happened.", "Fix it.");
  return { grads, state };
};
const create = () => ({ name: "late", init: () => null, transform });
export const plugins = [{ kind: "hook", name: "late", description: "Fails at step 3", create }];
`,
  );
  write("recipe.json", { ...recipe, plugins: [...(recipe.plugins as string[]), "./late.js"], hooks: ["late"] });
  expect(await graft("run", "recipe.json")).toMatchObject({ code: 1, err: "Something happened.\n  Fix it.\n" });
  write("wrong.js", "export default () => ({ data: { xs: [[1, 2, 3]], ys: [[7, 0]] } });");
  withData("wrong.js");
  expect(await graft("run", "recipe.json")).toMatchObject({ code: 2, err: expect.stringContaining("from 0 to 7") });
});

it.each([
  ["SIGTERM", 143, "Stopped by SIGTERM."],
  ["SIGHUP", 129, "Stopped by SIGHUP (the terminal was closed)."],
])("%s ends a run like Ctrl-C, with the code that shells use", async (signal, code, message) => {
  const recipe = await setUp();
  write(
    `${signal}.js`,
    `const transform = (grads, state, { step }) => {
  if (step === 3) process.emit("${signal}", "${signal}");
  return { grads, state };
};
const create = () => ({ name: "stop", init: () => null, transform });
export const plugins = [{ kind: "hook", name: "stop", description: "Sends a signal at step 3", create }];
`,
  );
  write("recipe.json", { ...recipe, plugins: [...(recipe.plugins as string[]), `./${signal}.js`], hooks: ["stop"] });
  const stopped = await graft("run", "recipe.json", "--checkpoint", "state");
  expect(stopped).toMatchObject({
    code,
    err: `${message}\n  Continue with: graft run recipe.json --checkpoint state --resume\n`,
  });
  expect(await graft("run", "recipe.json", "--checkpoint", "state", "--resume")).toMatchObject({ code: 0, err: "" });
});

it("Ctrl-C saves a checkpoint, exits with 130 and prints the command that continues to the same delta", async () => {
  const recipe = await setUp();
  write(
    "ctrl-c.js",
    `const create = () => ({
  name: "ctrl-c",
  init: () => null,
  transform(grads, state, { step }) {
    if (step === 3) process.emit("SIGINT", "SIGINT");
    return { grads, state };
  },
});
export const plugins = [{ kind: "hook", name: "ctrl-c", description: "Presses Ctrl-C at step 3", create }];
`,
  );
  const plugins = [...(recipe.plugins as string[]), "./ctrl-c.js"];
  write("recipe.json", { ...recipe, plugins, hooks: ["ctrl-c"] });
  const bare = await graft("run", "recipe.json");
  expect(bare).toMatchObject({
    code: 130,
    err: "Stopped by Ctrl-C.\n  Nothing was saved. To be able to continue, run with --checkpoint folder.\n",
  });
  const stopped = await graft("run", "recipe.json", "--out", "a.safetensors", "--checkpoint", "state");
  expect(stopped).toMatchObject({
    code: 130,
    err: "Stopped by Ctrl-C.\n  Continue with: graft run recipe.json --out a.safetensors --checkpoint state --resume\n",
  });
  const resumed = await graft(..."run recipe.json --out a.safetensors --checkpoint state --resume".split(" "));
  expect(resumed).toMatchObject({ code: 0, err: "" });
  write("recipe.json", { ...recipe, hooks: [] });
  await graft("run", "recipe.json", "--out", "b.safetensors");
  const { diffDeltas } = await import("@graftjs/tuner");
  const [a, b] = ["a", "b"].map((name) => readFileSync(join(folder, `${name}.safetensors`))) as [Buffer, Buffer];
  expect(diffDeltas(a, b)).toEqual([]);
});

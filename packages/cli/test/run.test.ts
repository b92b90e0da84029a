import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeEach, expect, it, vi } from "vitest";
import { folder, graft, setUp, tearDown, write } from "./fixture.ts";

beforeEach(async () => write("recipe.json", await setUp()));
afterAll(tearDown);

it("run prints the plan and the epochs, and writes a delta of the trained tensors alone", async () => {
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

it("run puts the new head that the recipe asks for behind the named layer, of the same start every time", async () => {
  const recipe = await setUp();
  const head = { after: "body", units: 2, name: "new" };
  write("recipe.json", { ...recipe, trainable: "new/**", run: { ...(recipe.run as object), head, seed: 3 } });
  expect((await graft("plan", "recipe.json")).out).toMatch(/trained +10 of 26 parameters/);
  expect(await graft("run", "recipe.json", "--out", "a.safetensors")).toMatchObject({ code: 0, err: "" });
  await graft("run", "recipe.json", "--out", "b.safetensors");
  const [a, b] = ["a", "b"].map((name) => readFileSync(join(folder, `${name}.safetensors`)));
  expect(a?.toString("latin1")).toContain("new/kernel");
  expect(b?.equals(a as Buffer)).toBe(true);
});

it("plan --json is data, and trains nothing", async () => {
  const { code, out } = await graft("plan", "recipe.json", "--json");
  expect(code).toBe(0);
  expect(JSON.parse(out).parameters).toMatchObject({ trained: 10, total: 26 });
});

it("plan --limit says whether the run fits, in bytes or with a unit", async () => {
  const fits = await graft("plan", "recipe.json", "--limit", "1.5 GB", "--json");
  expect(JSON.parse(fits.out).predicted).toMatchObject({ limit: 1.5e9, fits: true });
  expect((await graft("plan", "recipe.json", "--limit", "100")).out).toMatch(/^limit +does not fit 100 B/m);
  expect(await graft("plan", "recipe.json", "--limit", "much")).toMatchObject({
    code: 2,
    err: '--limit is "much".\n  Give bytes: --limit 800MB.\n',
  });
});

it("list and explain name what a recipe can use and what its step does", async () => {
  expect((await graft("list", "recipe.json")).out).toMatch(/hook +clip-by-global-norm/);
  expect((await graft("explain", "recipe.json")).out).toMatch(/clip-by-global-norm[\s\S]*sgd/);
});

it("help names every command and the exit codes", async () => {
  const { code, out } = await graft("--help");
  expect(code).toBe(0);
  for (const command of ["run", "plan", "explain", "list"]) expect(out).toContain(`graft ${command}`);
  expect(out).toContain("Exit codes");
});

it("a run that goes on from a checkpoint writes the delta of one that was never stopped", async () => {
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
});

it("schema describes recipes to an editor, run section included", async () => {
  const { properties, definitions } = JSON.parse((await graft("schema", "recipe.json")).out);
  expect(properties.run.properties.epochs).toMatchObject({ type: "integer" });
  expect(JSON.stringify(definitions.hook)).toContain("clip-by-global-norm");
});

it("doctor says of each backend whether it trains, why not and what mends it; one that is unknown too", async () => {
  const { code, out } = await graft("doctor", "--only", "wasm", "--json");
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject([{ name: "wasm", ok: true, missingKernels: [] }]);
  expect((await graft("doctor", "--only", "wasn")).out).toContain("no such backend");
});

/** A hook that loses the device at step 4, once; and a backend that is cpu and calls itself a GPU. */
function lossy(recipe: Record<string, unknown>): Record<string, unknown> {
  write(
    "lossy.js",
    `import { BackendLostError, cpuBackend } from "@graftjs/core";
const create = () => {
  let lost = false;
  return {
    name: "lose-once",
    init: () => null,
    transform(grads, state, { step }) {
      if (step === 4 && !lost) {
        lost = true;
        throw new BackendLostError("The device was lost.", "Go on elsewhere.");
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
  { kind: "hook", name: "lose-once", description: "Loses the device at step 4, once", create },
  { kind: "backend", name: "gpu", description: "cpu under another name", create: gpu },
];
`,
  );
  return { ...recipe, plugins: [...(recipe.plugins as string[]), "./lossy.js"], hooks: ["lose-once"] };
}

it("a device that is lost on the way: goes on from the checkpoint on the recipe's next backend", async () => {
  write("recipe.json", { ...lossy(await setUp()), backends: ["wasm", "cpu"] });
  const { code, out, err } = await graft("run", "recipe.json", "--checkpoint", "state");
  expect(err).toBe("The device was lost. Going on with cpu.\nFrom step 3, the last checkpoint.\n");
  expect(code).toBe(0);
  expect(out.match(/epoch 1\/2/g)).toHaveLength(1);
  expect(out).toMatch(/epoch 2\/2[\s\S]*Saved/);
});

it("a GPU that is lost without --checkpoint: goes on from a folder of the run's own, which goes with it", async () => {
  write("recipe.json", { ...lossy(await setUp()), backends: ["gpu", "cpu"] });
  mkdirSync(join(folder, "tmp"));
  vi.stubEnv("TMPDIR", join(folder, "tmp"));
  const { code, out, err } = await graft("run", "recipe.json", "--out", "lost.safetensors");
  vi.unstubAllEnvs();
  expect(err).toBe("The device was lost. Going on with cpu.\nFrom step 3, the last checkpoint.\n");
  expect(code).toBe(0);
  expect(out.match(/epoch 1\/2/g)).toHaveLength(1);
  expect(readdirSync(join(folder, "tmp"))).toEqual([]);
});

it("says that it begins anew where no checkpoint was written", async () => {
  write("recipe.json", { ...lossy(await setUp()), backends: ["wasm", "cpu"] });
  const { code, out, err } = await graft("run", "recipe.json");
  expect(err).toBe("The device was lost. Going on with cpu.\nFrom the beginning: there was no checkpoint yet.\n");
  expect(code).toBe(0);
  expect(out.match(/epoch 1\/2/g)).toHaveLength(2);
});

it("begins anew where the data are other bits on the next backend, and no checkpoint was asked for", async () => {
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
  expect(lost.err).toMatch(/^The device was lost. Going on with cpu.\nFrom the beginning: the data are not to the bit/);
  expect(lost.code).toBe(0);
  const asked = await graft("run", "recipe.json", "--checkpoint", "asked");
  expect(asked.err).toMatch(/The checkpoint is of another run.*data: was/s);
  expect(asked.code).not.toBe(0);
});

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import "@tensorflow/tfjs-backend-cpu";
import { folderStore, saveModel, writeSafetensors } from "../../packages/tuner/src/index.ts";
import { mlp } from "../../packages/tuner/test/nets.ts";
import { examples } from "../../packages/tuner/test/support.ts";
import type { Random } from "../../packages/tuner/src/random/random.ts";
import { bundled } from "./bundle.ts";

/** A folder with a recipe, a model and data, and the command that runs it. */
export interface CommandFixture {
  readonly folder: string;
  /** The delta of a run that nothing disturbs. */
  readonly expected: Buffer;
  /** Milliseconds of that run until it prints its plan, and from then on. */
  readonly milliseconds: { readonly start: number; readonly training: number };
  /** Starts `graft run recipe.json` with these arguments. */
  start(...args: string[]): ChildProcess;
  /** Reads a file of the folder; undefined if it does not exist. */
  read(name: string): Buffer | undefined;
  remove(): void;
}

export const RECIPE = {
  backends: ["cpu"],
  trainable: "**",
  rule: { use: "sgd", with: { momentum: 0.9 } },
  learningRate: 0.1,
  run: { model: "model.json", data: "data.safetensors", epochs: 10, batchSize: 5 },
};

/** Writes a recipe with a small model and data. */
export async function writeRecipe(folder: string): Promise<void> {
  const model = mlp();
  await saveModel(model, folderStore(folder));
  for (const weight of model.weights) weight.dispose();
  const { xs, ys } = examples([4], 20);
  const tensors = Object.entries({ xs, ys }).map(([name, tensor]) => {
    const data = new Uint8Array(Float32Array.from(tensor.dataSync()).buffer);
    const { shape } = tensor;
    tensor.dispose();
    return [name, { dtype: "F32", shape, data }] as const;
  });
  writeFileSync(join(folder, "data.safetensors"), writeSafetensors(new Map(tensors)));
  writeFileSync(join(folder, "recipe.json"), JSON.stringify(RECIPE));
}

/** Bundles the command, writes a recipe with its files, and runs it once. */
export async function commandFixture(): Promise<CommandFixture> {
  const bin = await bundled("packages/cli/src/bin.ts");
  const folder = mkdtempSync(join(tmpdir(), "graft-command-"));
  await writeRecipe(folder);
  const start = (...args: string[]): ChildProcess =>
    spawn(process.execPath, [bin, "run", "recipe.json", ...args], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  const read = (name: string): Buffer | undefined => {
    const path = join(folder, name);
    return existsSync(path) ? readFileSync(path) : undefined;
  };
  const began = performance.now();
  const child = start("--out", "expected.safetensors");
  const end = ended(child);
  await once(child.stdout as Readable, "data");
  const printed = performance.now();
  const { code } = await end;
  const milliseconds = { start: printed - began, training: performance.now() - printed };
  const expected = read("expected.safetensors");
  if (code !== 0 || !expected) throw new Error(`The command fails even if nothing disturbs it: exit code ${code}.`);
  const remove = (): void => rmSync(folder, { recursive: true });
  return { folder, expected, milliseconds, start, read, remove };
}

/** Collects the text that a process writes to its standard error, and waits for its end. */
export async function ended(child: ChildProcess): Promise<{ code: number | null; signal: string | null; err: string }> {
  let err = "";
  child.stdout?.resume();
  child.stderr?.on("data", (chunk) => {
    err += chunk;
  });
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  return { code, signal, err };
}

/** Waits until a random moment of a run: in a quarter of the calls during its start, otherwise during training. */
export async function randomMoment(
  child: ChildProcess,
  { start, training }: CommandFixture["milliseconds"],
  random: Random,
): Promise<void> {
  const early = random() < 0.25;
  if (!early) await Promise.race([once(child.stdout as Readable, "data"), once(child, "exit")]);
  await pause(random() * (early ? start : training));
}

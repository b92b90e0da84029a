import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { inflateSync } from "node:zlib";
import "@tensorflow/tfjs-backend-cpu";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { saveModel } from "../../packages/tuner/src/index.ts";
import hostile from "../../packages/tuner/test/h5-hostile.json" with { type: "json" };
import oracle from "../../packages/tuner/test/keras-oracle.json" with { type: "json" };
import { mlp } from "../../packages/tuner/test/nets.ts";
import { bundled } from "../faults/bundle.ts";
import { writeRecipe } from "../faults/command.ts";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
/** The permission model has lost its prefix in Node 22.13 and 23.5. */
const PERMISSION =
  major > 23 || (major === 23 && minor >= 5) || (major === 22 && minor >= 13)
    ? "--permission"
    : "--experimental-permission";

let folder: string;
let models: readonly string[];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "graft-named-"));
  const model = mlp();
  await saveModel(model, join(folder, "models"));
  for (const weight of model.weights) weight.dispose();
  const write = (name: string, base64: string): void =>
    writeFileSync(join(folder, "models", name), inflateSync(Buffer.from(base64, "base64")));
  write("model.keras", oracle.image.keras);
  write("model.h5", hostile.plain);
  models = ["model.json", "model.keras", "model.h5"].map((name) => join(folder, "models", name));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a script that may read and write only the named files and folders. */
function permitted(
  script: string,
  {
    read,
    write = [],
    args,
    cwd = folder,
  }: {
    readonly read: readonly string[];
    readonly write?: readonly string[];
    readonly args: readonly string[];
    readonly cwd?: string;
  },
): string {
  const flags = [
    ...[dirname(script), ...read].map((path) => `--allow-fs-read=${path}`),
    ...write.map((path) => `--allow-fs-write=${path}`),
  ];
  return execFileSync(process.execPath, [PERMISSION, "--no-warnings", ...flags, script, ...args], {
    encoding: "utf8",
    cwd,
  });
}

describe("under Node's permission model", () => {
  it("the loaders read the named files and write nothing", async () => {
    const script = await bundled("packages/tuner/test/load-file.ts");
    const out = permitted(script, { read: [join(folder, "models")], args: models });
    expect(out).toBe("layers-model: 6 parameters\nkeras: 16 parameters\nkeras-h5: 2 parameters\n");
    // The permissions are in force.
    expect(() => permitted(script, { read: [], args: models })).toThrow(/restricted|ERR_ACCESS_DENIED/);
  });

  it("a run with checkpoints reads and writes their folder only", async () => {
    const state = join(folder, "state");
    mkdirSync(state);
    const script = await bundled("tools/faults/checkpoint-run.ts");
    const out = permitted(script, { read: [state], write: [state], args: ["cpu", state] });
    expect(out).toMatch(/"digest":"[0-9a-f]{64}","steps":24,"warnings":\[\]/);
    expect(readdirSync(state)).toHaveLength(2);
  });

  it("graft run reads the recipe's folder, and writes the delta and the checkpoints only", async () => {
    const recipe = join(folder, "recipe");
    const out = join(folder, "out");
    for (const path of [recipe, out]) mkdirSync(path);
    await writeRecipe(recipe);
    const script = await bundled("packages/cli/src/bin.ts");
    const args = ["run", "recipe.json", "--out", join(out, "delta.safetensors"), "--checkpoint", join(out, "state")];
    expect(permitted(script, { read: [recipe, out], write: [out], args, cwd: recipe })).toContain("Saved ");
    expect(readdirSync(out).sort()).toEqual(["delta.safetensors", "state"]);
  });
});

describe("under strace", () => {
  // Not on macOS and Windows, which have no strace. `npm test` installs it on Debian.
  it.skipIf(!existsSync("/usr/bin/strace"))("the loaders open only the named files, and no address", async () => {
    const script = await bundled("packages/tuner/test/load-file.ts");
    const log = join(folder, "strace.log");
    const opens =
      "open,openat,creat,unlink,unlinkat,rename,renameat,renameat2,mkdir,mkdirat,link,linkat,symlink,symlinkat";
    const calls = `trace=access,faccessat,faccessat2,truncate,ftruncate,socket,connect,bind,sendto,sendmsg,${opens}`;
    execFileSync("/usr/bin/strace", [
      "-f",
      "-qq",
      "-s",
      "4096",
      "-e",
      calls,
      "-o",
      log,
      process.execPath,
      script,
      ...models,
    ]);
    const lines = readFileSync(log, "utf8").split("\n");
    const start = lines.findIndex((line) => line.includes("-loads-now"));
    expect(start).toBeGreaterThan(0);
    const after = lines.slice(start + 1).filter((line) => /^\d+ +\w+\(/.test(line) && !isOfTheSystem(line));
    expect(after.filter((line) => !line.includes(join(folder, "models")))).toEqual([]);
    expect(after.filter((line) => /O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|unlink|rename|mkdir|truncate/.test(line))).toEqual(
      [],
    );
    expect(new Set(after.flatMap((line) => /models\/([\w.-]+)"/.exec(line)?.[1] ?? []))).toEqual(
      new Set(readdirSync(join(folder, "models"))),
    );
  });
});

/** Tells whether Node itself or the C library makes a call: it reads facts about the process and the machine. */
function isOfTheSystem(line: string): boolean {
  return (
    /"\/(proc|sys|dev\/null|dev\/urandom|etc\/localtime|usr\/share\/zoneinfo)/.test(line) &&
    !/O_WRONLY|O_RDWR|O_CREAT/.test(line)
  );
}

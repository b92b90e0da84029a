// `tsx bench/soak.ts` runs checks that are too long for the tests: leaked tensors in 10,000 steps; 200 steps with and without the cache on
// wasm and native; runs killed by SIGKILL at random moments and resumed; 5,000 checkpoints with a flipped bit and 5,000 truncated ones;
// 100,000 damaged headers of each kind. Writes soak.json.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode } from "../src/checkpoint/checkpoint.ts";
import { keeper } from "../src/checkpoint/keeper.ts";
import { seeded } from "../src/random/random.ts";
import { fuzzModelJson, fuzzSafetensors } from "../test/fuzz.ts";
import { bundled } from "./bundle.ts";

const KILLS = Number(process.env.GRAFT_KILLS ?? 1000);
const FILES = Number(process.env.GRAFT_FILES ?? 100_000);
const FLIPS = Number(process.env.GRAFT_FLIPS ?? 5000);
const STEPS = Number(process.env.GRAFT_STEPS ?? 10_000);
/** Approximate duration of a run. */
const RUN_MS = Number(process.env.GRAFT_RUN_MS ?? 1500);
const here = import.meta.dirname;
const folder = mkdtempSync(join(tmpdir(), "graft-soak-"));
/** A thousand processes load the worker. Translating the sources each time would take longer than the runs. */
const bundle = await bundled("soak-worker");

function child(backend: string, ...args: string[]): Record<string, unknown> {
  const { stdout, stderr, status } = spawnSync(process.execPath, [bundle, backend, ...args], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout.trim().split("\n").at(-1) as string) as Record<string, unknown>;
}

/** Starts runs, kills them at random moments and resumes them, until `kills` kills have happened. Compares the final weights. */
async function killed(backend: string, kills: number): Promise<{ kills: number; runs: number; identical: boolean }> {
  const expected = child(backend, "run", join(folder, `${backend}-whole`)).digest;
  let [done, runs, identical] = [0, 0, true];
  while (done < kills) {
    const checkpoints = join(folder, `${backend}-${runs++}`);
    for (let ended = false; !ended; ) {
      const run = spawn(process.execPath, [bundle, backend, "run", checkpoints], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      let out = "";
      let timer: NodeJS.Timeout | undefined;
      run.stdout.on("data", (text) => {
        out += text;
        // The timer starts with the run, because a kill while modules load proves nothing.
        if (done < kills && out.startsWith("started"))
          timer ??= setTimeout(() => run.kill("SIGKILL"), Math.random() * RUN_MS);
      });
      const code = await new Promise((resolve) => run.on("exit", resolve));
      clearTimeout(timer);
      if (code === 0) {
        ended = true;
        identical &&= (JSON.parse(out.trim().split("\n").at(-1) as string) as { digest: string }).digest === expected;
      } else done++;
    }
    rmSync(checkpoints, { recursive: true, force: true });
  }
  return { kills: done, runs, identical };
}

/** Damages the newer of two real checkpoints by flipping a bit or truncating it at a random place. Counts how often the older is used. */
async function damaged(count: number): Promise<Record<string, number>> {
  const checkpoints = join(folder, "damaged");
  child("cpu", "run", checkpoints);
  const [older, newer] = readdirSync(checkpoints).sort() as [string, string];
  const good = new Uint8Array(readFileSync(join(checkpoints, newer)));
  const before = JSON.stringify((await decode(new Uint8Array(readFileSync(join(checkpoints, older))))).json);
  const random = seeded("damage");
  const counts = { bytes: good.length, flips: 0, cuts: 0, refused: 0, previousUsed: 0 };
  const warnings: string[] = [];
  const checkpointKeeper = keeper({ to: checkpoints }, (line) => warnings.push(line));
  const look = async (bytes: Uint8Array): Promise<void> => {
    writeFileSync(join(checkpoints, newer), bytes);
    warnings.length = 0;
    const found = await checkpointKeeper.newest();
    if (warnings.length === 1 && warnings[0]?.includes("damaged")) counts.refused++;
    if (JSON.stringify(found?.json) === before) counts.previousUsed++;
  };
  for (let i = 0; i < count; i++) {
    const flipped = good.slice();
    const place = Math.floor(random() * good.length);
    flipped[place] = (flipped[place] as number) ^ (1 << Math.floor(random() * 8));
    await look(flipped);
    counts.flips++;
    await look(good.subarray(0, Math.floor(random() * good.length)));
    counts.cuts++;
  }
  return counts;
}

const previous = ((): object => {
  try {
    return JSON.parse(readFileSync(join(here, "soak.json"), "utf8")) as object;
  } catch {
    return {};
  }
})();
const parts: Record<string, () => unknown> = {
  leak: () => child("wasm", "leak", String(STEPS)),
  cache: () => child("wasm", "cache", "200"),
  cacheNative: () => child("native", "cache", "200"),
  flips: () => damaged(FLIPS),
  fuzz: async () => ({ safetensors: fuzzSafetensors(FILES), modelJson: await fuzzModelJson(FILES) }),
  killCpu: () => killed("cpu", KILLS / 2),
  killWasm: () => killed("wasm", KILLS / 2),
};
const wanted = process.argv.slice(2);
const results: Record<string, unknown> = { ...previous };
for (const [name, part] of Object.entries(parts)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  results[name] = await part();
  console.log(name, JSON.stringify(results[name]));
  writeFileSync(join(here, "soak.json"), `${JSON.stringify(results, null, 2)}\n`);
}
rmSync(folder, { recursive: true, force: true });
rmSync(bundle);

// Measures the efficiency of two ranks: MobileNetV2 with its last four blocks trained, one thread and 16 images per rank. Writes
// bench/efficiency.json. The figures count only if nothing else runs on the machine.
//
//   tsx packages/mpi/bench/efficiency.ts        about two minutes; RUNS=1 SIDE=96 for a short run
//
// Each run has three parts, in turn: one rank, two ranks on twice as many images, and two programs of one rank each that run at the same
// time and know nothing of each other. The last part shows how much the machine itself slows down two programs, by memory and caches.
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

interface Figures {
  readonly firstTrunkSecondsPerImage: number;
  readonly trunkSecondsPerImage: number;
  readonly secondsPerStep: number;
  readonly bytesPerStep: number;
}
type Part = "one rank" | "two ranks" | "two programs";

const RUNS = Number(process.env.RUNS ?? 3);
const SIDE = Number(process.env.SIDE ?? 224);
const [BATCH, STEPS] = [16, 4];
const load = loadavg()[0];
const program = ["--import", "tsx", join(import.meta.dirname, "efficiency-rank.ts"), SIDE, BATCH, STEPS].map(String);
const env = { ...process.env, OMPI_ALLOW_RUN_AS_ROOT: "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1" };

async function ranks(count: number): Promise<readonly Figures[]> {
  const args = ["--oversubscribe", "-n", String(count), process.execPath, ...program];
  const { stdout } = await promisify(execFile)("mpirun", args, { env });
  return JSON.parse(stdout.split("\n").findLast((line) => line.startsWith("[")) ?? "[]") as Figures[];
}

/** One rank without mpirun: two mpirun that start at the same moment may fail over their common folder. */
async function alone(): Promise<readonly Figures[]> {
  const { stdout } = await promisify(execFile)(process.execPath, program);
  return JSON.parse(stdout.split("\n").findLast((line) => line.startsWith("[")) ?? "[]") as Figures[];
}

const parts: Readonly<Record<Part, () => Promise<readonly Figures[]>>> = {
  "one rank": () => ranks(1),
  "two ranks": () => ranks(2),
  "two programs": async () => (await Promise.all([alone(), alone()])).flat(),
};
const seen: Record<Part, Figures[]> = { "one rank": [], "two ranks": [], "two programs": [] };
for (let run = 0; run < RUNS; run++)
  for (const [part, measure] of Object.entries(parts) as [Part, () => Promise<readonly Figures[]>][]) {
    // The slower rank counts, because the other one waits for it.
    const all = await measure();
    const slowest = (key: keyof Figures): number => Math.max(...all.map((figures) => figures[key]));
    seen[part].push({
      firstTrunkSecondsPerImage: slowest("firstTrunkSecondsPerImage"),
      trunkSecondsPerImage: slowest("trunkSecondsPerImage"),
      secondsPerStep: slowest("secondsPerStep"),
      bytesPerStep: slowest("bytesPerStep"),
    });
  }

const rows = Object.fromEntries((Object.keys(parts) as Part[]).map((part) => [part, medians(seen[part])])) as Record<
  Part,
  Figures
>;
// Each part has the same work per process, so an efficiency is a ratio of times.
const share = (part: Part, key: keyof Figures): number => Number((rows["one rank"][key] / rows[part][key]).toFixed(3));
const efficiency = {
  trunk: share("two ranks", "trunkSecondsPerImage"),
  trunkOfUnrelatedPrograms: share("two programs", "trunkSecondsPerImage"),
  tail: share("two ranks", "secondsPerStep"),
  tailOfUnrelatedPrograms: share("two programs", "secondsPerStep"),
  firstTrunk: share("two ranks", "firstTrunkSecondsPerImage"),
};
const conditions = { cpu: cpus()[0]?.model, cores: cpus().length, load, runs: RUNS, side: SIDE, batchPerRank: BATCH };
const result = { conditions, efficiency, rows };
writeFileSync(join(import.meta.dirname, "efficiency.json"), `${JSON.stringify(result, null, 2)}\n`);
console.log(JSON.stringify(result, null, 2));

function medians(figures: readonly Figures[]): Figures {
  const of = (key: keyof Figures): number =>
    figures.map((one) => one[key]).sort((a, b) => a - b)[Math.floor(figures.length / 2)] as number;
  return {
    firstTrunkSecondsPerImage: of("firstTrunkSecondsPerImage"),
    trunkSecondsPerImage: of("trunkSecondsPerImage"),
    secondsPerStep: of("secondsPerStep"),
    bytesPerStep: of("bytesPerStep"),
  };
}

// Trains on 10⁶ examples that are streamed from a file, on two ranks, and writes the memory of each rank to bench/stream.json.
//
//   tsx packages/mpi/bench/stream.ts [examples]
//
// The file has 260 bytes per example. Exits with 1 if a rank's memory grows by more than a quarter of the file after the first tenth of the run.
import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundledFrom, mpirunEnvironment } from "../test/ranks.ts";
import { WIDTH } from "./stream-file.ts";

const RANKS = 2;
const examples = Number(process.argv[2] ?? 1e6);
const folder = mkdtempSync(join(tmpdir(), "graft-stream-"));
try {
  const file = join(folder, "examples.bin");
  writeExamples(file);
  const rank = await bundledFrom(import.meta.dirname, "stream-rank");
  const began = performance.now();
  const args = ["--oversubscribe", "-n", String(RANKS), process.execPath, rank, file, String(examples)];
  const out = execFileSync("mpirun", args, {
    env: mpirunEnvironment(folder),
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  const seconds = Math.round((performance.now() - began) / 1000);
  const ranks = JSON.parse(out.split("\n").findLast((line) => line.startsWith("[")) ?? "[]") as Figures[];
  const fileMiB = Math.round((examples * (WIDTH + 1) * 4) / 2 ** 20);
  const growth = ranks.map(({ residentMiB }) => Math.max(...residentMiB.slice(1)) - (residentMiB[1] as number));
  const result = { examples, fileMiB, seconds, growthMiB: growth, ranks };
  writeFileSync(join(import.meta.dirname, "stream.json"), `${JSON.stringify(result, null, 2)}\n`);
  console.log(JSON.stringify(result));
  if (growth.length < RANKS || growth.some((more) => more > fileMiB / 4)) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}

interface Figures {
  readonly steps: number;
  /** Resident memory after each tenth of the run, from its first step on. */
  readonly residentMiB: readonly number[];
  readonly loss: number;
}

/** Writes examples of a linear problem, some at a time. Each has `WIDTH` numbers and a label, 0 or 1. */
function writeExamples(file: string): void {
  const fd = openSync(file, "w");
  const some = new Float32Array(1000 * (WIDTH + 1));
  for (let from = 0; from < examples; from += 1000) {
    const count = Math.min(1000, examples - from);
    for (let i = 0; i < count; i++) {
      const row = some.subarray(i * (WIDTH + 1), (i + 1) * (WIDTH + 1));
      for (let k = 0; k < WIDTH; k++) row[k] = Math.sin((from + i) * (k + 1) * 0.7);
      row[WIDTH] = (row[0] as number) + (row[1] as number) > 0 ? 1 : 0;
    }
    writeSync(fd, new Uint8Array(some.buffer, 0, count * (WIDTH + 1) * 4));
  }
  closeSync(fd);
}

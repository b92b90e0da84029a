import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { build } from "esbuild";
import { memoryGroup } from "../src/index.ts";
import type { Job, JobResult } from "./job.ts";

const folder = join(import.meta.dirname, "../.cache");

/** Bundles a program of this folder, so that Node starts it at once. Returns the path of the bundle. */
export function bundled(program: string): Promise<string> {
  return bundledFrom(import.meta.dirname, program);
}

/** Bundles a program of another folder. */
export async function bundledFrom(from: string, program: string): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const outfile = join(folder, `${program}-${process.pid}.mjs`);
  await build({
    entryPoints: [join(from, `${program}.ts`)],
    ...{ bundle: true, platform: "node", format: "esm", outfile, logLevel: "error", external: ["koffi"] },
    mainFields: ["module", "main"],
    banner: {
      js: 'import { createRequire as graftRequire } from "node:module"; const require = graftRequire(import.meta.url), __dirname = import.meta.dirname;',
    },
  });
  return outfile;
}

/** The result of a rank that failed. */
export interface RankFailure {
  readonly rank: number;
  readonly error: string;
}

/** Does jobs on ranks that are threads. Returns the results of each job by rank, or the errors of the ranks. */
export async function onThreads(
  program: string,
  size: number,
  jobs: readonly Job[],
): Promise<readonly (readonly (JobResult & RankFailure)[])[]> {
  const group = memoryGroup(size, 512);
  const lines = await Promise.all(
    Array.from({ length: size }, (_, rank) => {
      const worker = new Worker(program, { workerData: { group, rank, jobs } });
      const results: (JobResult & RankFailure)[] = [];
      worker.on("message", (line: string) => results.push(JSON.parse(line)));
      return new Promise<typeof results>((resolve, reject) => {
        worker.on("error", reject);
        worker.on("exit", () => resolve(results));
      });
    }),
  );
  return jobs.map((_, job) => lines.flatMap((results) => results[job] ?? []));
}

/** The output of mpirun. */
export interface Output {
  readonly code: number | null;
  /** The results of each job that was finished, by rank. */
  readonly results: readonly (readonly JobResult[])[];
  readonly err: string;
  readonly seconds: number;
}

/** How mpirun is started. */
export interface Launch {
  readonly env?: Readonly<Record<string, string>>;
  /** A program that starts the ranks, and its arguments before the program of the ranks. @default mpirun on this machine */
  readonly launcher?: readonly [string, ...string[]];
  /** Called with the process ids of the ranks, when all of them run. */
  readonly started?: (pids: readonly number[]) => void;
}

/** The launcher. `MPIRUN=mpirun.mpich` runs the tests with MPICH, `apt-get install mpich` on Debian. */
const MPIRUN = process.env.MPIRUN ?? "mpirun";
export const isMpich = MPIRUN.endsWith("mpich");

/** Returns the command that starts ranks on this machine, also more than it has processors. */
export function mpirun(size: number): readonly [string, ...string[]] {
  return [MPIRUN, ...(isMpich ? [] : ["--oversubscribe"]), "-n", String(size)];
}

/**
 * Returns an environment in which mpirun may run as root and keeps its files in `folder`. In the common folder, of two that start at the
 * same moment one may fail.
 */
export function mpirunEnvironment(folder: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    OMPI_ALLOW_RUN_AS_ROOT: "1",
    OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1",
    OMPI_MCA_orte_tmpdir_base: folder,
  };
}

/** Does jobs on ranks that mpirun starts. */
export async function underMpirun(
  program: string,
  size: number,
  jobs: readonly Job[],
  { env, started, launcher = mpirun(size) }: Launch = {},
): Promise<Output> {
  const [command, ...flags] = launcher;
  const to = mkdtempSync(join(tmpdir(), "graft-mpi-"));
  const began = performance.now();
  try {
    // In a file, because a shell between mpirun and a rank would take the quotes away.
    writeFileSync(join(to, "jobs"), JSON.stringify(jobs));
    const child = spawn(command, [...flags, process.execPath, program, to], {
      env: { ...mpirunEnvironment(to), ...env },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let err = "";
    child.stderr.on("data", (text) => {
      err += text;
    });
    const watch = started && setInterval(tellStart, 5);
    function tellStart(): void {
      const pids = Array.from({ length: size }, (_, rank) => pidOf(join(to, `${rank}.pid`)));
      if (pids.some((pid) => pid === 0)) return;
      clearInterval(watch);
      started?.(pids);
    }
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on("error", ({ message }) =>
        reject(new Error(`${message}: mpirun is not installed. Run: node tools/mpi/install-debian.mjs`)),
      );
      child.on("close", resolve);
    });
    clearInterval(watch);
    const files = readdirSync(to).sort();
    const results = jobs.map((_, job) =>
      files
        .filter((file) => file.startsWith(`${job}-`))
        .map((file) => JSON.parse(readFileSync(join(to, file), "utf8")) as JobResult),
    );
    return { code, results, err, seconds: (performance.now() - began) / 1000 };
  } finally {
    rmSync(to, { recursive: true });
  }
}

function pidOf(file: string): number {
  return existsSync(file) ? Number(readFileSync(file, "utf8")) : 0;
}

/** Returns the largest difference between the weights of two results. */
export function distance(a: JobResult | undefined, b: JobResult | undefined): number {
  const pairs = Object.entries(a?.weights ?? { none: [Number.NaN] });
  return Math.max(
    ...pairs.flatMap(([name, values]) =>
      values.map((value, i) => Math.abs(value - (b?.weights[name]?.[i] ?? Number.NaN))),
    ),
  );
}

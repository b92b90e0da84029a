// The program of one rank: under mpirun, or as a worker thread. Posts the result of each job, or writes it to a file.
import "@tensorflow/tfjs-backend-cpu";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import * as tf from "@tensorflow/tfjs-core";
import { type MemoryGroup, memory } from "../src/index.ts";
import { mpi } from "../src/node.ts";
import { doJob, type Job } from "./job.ts";

const thread = workerData as { group: MemoryGroup; rank: number; jobs: readonly Job[] } | null;
const to = process.argv[2] ?? ".";
const jobs = thread?.jobs ?? (JSON.parse(readFileSync(join(to, "jobs"), "utf8")) as readonly Job[]);
const collective = thread ? memory(thread.group, thread.rank, { timeoutSeconds: 20 }) : mpi();

// For a test that kills this process.
if (!parentPort) writeFileSync(join(to, `${collective.rank}.pid`), String(process.pid));
tf.env().set("PROD", true);
console.warn = () => {};
try {
  for (const [i, job] of jobs.entries()) {
    const line = JSON.stringify(await doJob(job, collective));
    if (parentPort) parentPort.postMessage(line);
    else writeFileSync(join(to, `${i}-${collective.rank}.json`), line);
  }
} catch (error) {
  const text = error instanceof Error ? error.message : String(error);
  if (parentPort) parentPort.postMessage(JSON.stringify({ rank: collective.rank, error: text }));
  else {
    process.stderr.write(`rank ${collective.rank}: ${text}\n`);
    process.exitCode = 1;
  }
}

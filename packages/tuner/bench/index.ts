// `pnpm bench tuner`: MobileNetV2 at 224×224, 256 images, batch 16, 10 epochs, everything counted from the start of the process, each
// peer in one of its own, one after the other. A whole run begins with an empty results.json. GRAFT_PYTHON names a Python with
// torch; without it that peer is left out. GRAFT_BACKENDS and GRAFT_TASKS choose among native,wasm and last4,head. What is left out
// keeps its rows, and `run` in results.json says which those are: they were not measured side by side with the others.
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { bundled } from "./bundle.ts";

interface Row {
  readonly backend: string;
  readonly peer: string;
  readonly task: string;
  /** Epochs that were run. */
  readonly epochs: number;
  /** From the start of the process. */
  readonly seconds: number;
  /** How much of that went by before the first epoch; absent in rows that were counted from there. */
  readonly setupSeconds?: number;
  /** Of all threads, start included: what stays when other programs share the machine. */
  readonly cpuSeconds: number;
  readonly peakRss: number;
  readonly loss?: readonly number[];
  /** Multiply-adds an image. */
  readonly multiplications?: { readonly trunk: number; readonly tail: number };
}

const EPOCHS = 10;
/**
 * Epochs that each peer runs. Every epoch of the peers is like the one before, so fewer than ten are counted up; stock runs
 * all ten of the first task on native, because its memory grows from epoch to epoch. Stock wasm cannot train a
 * convolution: its peer is `fit` on our backend.
 */
const PEERS: Readonly<Record<string, Readonly<Record<string, readonly (readonly [string, number])[]>>>> = {
  native: {
    last4: [
      ["stock", Number(process.env.GRAFT_STOCK_EPOCHS ?? EPOCHS)],
      ["fit", 2],
      ["graft", EPOCHS],
    ],
    head: [
      ["stock", 3],
      ["fit", 2],
      ["graft", EPOCHS],
    ],
  },
  wasm: {
    last4: [
      ["fit", 1],
      ["graft", EPOCHS],
    ],
    head: [
      ["fit", 1],
      ["graft", EPOCHS],
    ],
  },
};
const TORCH_EPOCHS = 2;
/** Turns of `fineTune` on native and PyTorch; their medians are kept. */
const ROUNDS = 5;
const backends = (process.env.GRAFT_BACKENDS ?? "native,wasm").split(",");
const tasks = (process.env.GRAFT_TASKS ?? "last4,head").split(",");
const here = import.meta.dirname;
const worker = await bundled("worker");
const file = join(here, "results.json");

function run(command: string, args: readonly string[]): Row | undefined {
  const env = { ...process.env, GRAFT_STARTED: String(Date.now()) };
  const { stdout, stderr, status } = spawnSync(command, [...args], { encoding: "utf8", maxBuffer: 1e8, env });
  const line = stdout?.trim().split("\n").at(-1) ?? "";
  if (status !== 0 || !line.startsWith("{")) {
    console.error(`${args.slice(1).join(" ")} failed: ${stderr.slice(-500)}`);
    return undefined;
  }
  return JSON.parse(line) as Row;
}

function rowsBefore(): Row[] {
  try {
    return (JSON.parse(readFileSync(file, "utf8")) as { rows: Row[] }).rows;
  } catch {
    return [];
  }
}

const key = ({ backend, peer, task }: Row): string => `${task} ${backend} ${peer}`;
const python = process.env.GRAFT_PYTHON;
const complete =
  python !== undefined && process.env.GRAFT_BACKENDS === undefined && process.env.GRAFT_TASKS === undefined;
const rows = new Map((complete ? [] : rowsBefore()).map((row) => [key(row), row]));
const measured = new Set<string>();
const of = (backend: string, peer: string, task: string): Row | undefined => rows.get(`${task} ${backend} ${peer}`);
/** Seconds of ten epochs: what comes before the first is counted once. */
const whole = ({ seconds, setupSeconds = 0, epochs }: Row): number =>
  setupSeconds + ((seconds - setupSeconds) * EPOCHS) / epochs;

function ratiosOf(task: string, backend: string): object[] {
  const graft = of(backend, "graft", task);
  if (!graft) return [];
  const [stock, fit, torch] = [of(backend, "stock", task), of(backend, "fit", task), of("pytorch", "usual", task)];
  const { trunk = 0, tail = 0 } = graft.multiplications ?? {};
  // Forward once for all of it, and twice more for the gradients of what is trained; the cut saves nine trunks of ten.
  const [usual, cached] = [EPOCHS * (trunk + 3 * tail), trunk + EPOCHS * 3 * tail];
  const ratios = {
    seconds: graft.seconds,
    peakRss: graft.peakRss,
    fasterThanStock: stock && whole(stock) / graft.seconds,
    shareOfStockRss: stock && graft.peakRss / stock.peakRss,
    fasterThanFitOnOurBackend: fit && whole(fit) / graft.seconds,
    shareOfFitsRss: fit && graft.peakRss / fit.peakRss,
    fasterThanPyTorch: torch && whole(torch) / graft.seconds,
    fewerMultiplications: trunk > 0 ? usual / cached : undefined,
  };
  return [{ task, backend, ...ratios }];
}

function write(): object[] {
  const ratios = tasks.flatMap((task) => ["native", "wasm"].flatMap((backend) => ratiosOf(task, backend)));
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version };
  const kept = [...rows.keys()].filter((row) => !measured.has(row));
  const run = { complete: complete && kept.length === 0, measured: [...measured], kept };
  const report = { machine, images: 256, batch: 16, epochs: EPOCHS, run, rows: [...rows.values()], ratios };
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
  return ratios;
}

function keep(row: Row | undefined): void {
  if (!row) return;
  rows.set(key(row), row);
  measured.add(key(row));
  console.log(`${key(row)}: ${row.epochs} epochs in ${row.seconds.toFixed(1)} s, ${(row.peakRss / 1e9).toFixed(2)} GB`);
  write();
}

/** Of several runs the one with the median time. */
function middle(runs: readonly (Row | undefined)[]): Row | undefined {
  const sorted = runs.filter((row) => row !== undefined).sort((a, b) => a.seconds - b.seconds);
  return sorted[sorted.length >> 1];
}

for (const task of tasks) {
  const torch = (): Row | undefined =>
    python ? run(python, [join(here, "peer.py"), task, String(TORCH_EPOCHS)]) : undefined;
  for (const backend of backends) {
    for (const [peer, epochs] of PEERS[backend]?.[task] ?? []) {
      const once = (): Row | undefined => run(process.execPath, [worker, backend, peer, task, String(epochs)]);
      if (backend !== "native" || peer !== "graft") {
        keep(once());
        continue;
      }
      // The two that are short and whose ratio is the closest take turns: a machine has slow minutes.
      const rounds = Array.from({ length: ROUNDS }, () => [once(), torch()] as const);
      keep(middle(rounds.map(([ours]) => ours)));
      keep(middle(rounds.map(([, theirs]) => theirs)));
    }
  }
}
rmSync(worker);
console.table(write());
await import("./readme.ts");

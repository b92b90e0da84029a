// `pnpm bench tuner` trains MobileNetV2 at 224×224 on 256 images in batches of 16 for 10 epochs. Each peer runs in a separate process, one
// after the other, and time counts from the start of the process. GRAFT_PYTHON names a Python with torch; without it, PyTorch is left out.
// GRAFT_BACKENDS selects from native,wasm and GRAFT_TASKS from last4,head. A complete run starts with an empty results.json. A partial
// run keeps the other rows, and `run` in results.json lists them, because they were not measured side by side with the new ones.
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { bundled } from "./bundle.ts";

interface Row {
  readonly backend: string;
  readonly peer: string;
  readonly task: string;
  /** Number of epochs that were run. */
  readonly epochs: number;
  /** Wall time from the start of the process. */
  readonly seconds: number;
  /** Wall time before the first epoch; absent in rows whose `seconds` count from the first epoch. */
  readonly setupSeconds?: number;
  /** CPU time of all threads, including the start. Other programs on the machine affect it less. */
  readonly cpuSeconds: number;
  readonly peakRss: number;
  readonly loss?: readonly number[];
  /** Multiply-adds per image. */
  readonly multiplications?: { readonly trunk: number; readonly tail: number };
}

const EPOCHS = 10;
/**
 * Number of epochs that each peer runs. A peer's epochs all take the same time, so fewer than ten are extrapolated. Stock runs all ten
 * epochs of the first task on native, because its memory grows from epoch to epoch. Stock wasm cannot train convolutions, so the peer on
 * wasm is `fit` on our backend.
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
/** Number of alternating runs of `fineTune` on native and PyTorch. The medians are reported. */
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
/** Extrapolates the time to ten epochs. The time before the first epoch counts once. */
const whole = ({ seconds, setupSeconds = 0, epochs }: Row): number =>
  setupSeconds + ((seconds - setupSeconds) * EPOCHS) / epochs;

function ratiosOf(task: string, backend: string): object[] {
  const graft = of(backend, "graft", task);
  if (!graft) return [];
  const [stock, fit, torch] = [of(backend, "stock", task), of(backend, "fit", task), of("pytorch", "usual", task)];
  const { trunk = 0, tail = 0 } = graft.multiplications ?? {};
  // The forward pass counts once, and the gradients of the tail count twice. The cache saves nine of ten passes of the trunk.
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

/** Returns the run with the median time. */
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
      // These two are short and close to each other, so they run alternately: the speed of a machine varies from minute to minute.
      const rounds = Array.from({ length: ROUNDS }, () => [once(), torch()] as const);
      keep(middle(rounds.map(([ours]) => ours)));
      keep(middle(rounds.map(([, theirs]) => theirs)));
    }
  }
}
rmSync(worker);
console.table(write());
await import("./readme.ts");

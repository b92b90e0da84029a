// `pnpm bench tuner`: MobileNetV2 at 224×224, 256 images, batch 16, 10 epochs, everything counted from the start, each peer in a
// process of its own, one after the other. GRAFT_PYTHON names a Python with torch; without it that peer is left out.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";

interface Row {
  readonly backend: string;
  readonly peer: string;
  readonly task: string;
  readonly epochs: number;
  readonly seconds: number;
  /** Of all threads, start included: what stays when other programs share the machine. */
  readonly cpuSeconds: number;
  readonly peakRss: number;
  readonly loss?: readonly number[];
}

const EPOCHS = 10;
/** Stock takes the same time every epoch, and minutes for ten: two are measured and the rest is counted at the same rate. */
const STOCK_EPOCHS = Number(process.env.GRAFT_STOCK_EPOCHS ?? 2);
const backends = (process.env.GRAFT_BACKENDS ?? "native,wasm").split(",");
const tasks = (process.env.GRAFT_TASKS ?? "last4,head").split(",");
const here = import.meta.dirname;
const tsx = join(here, "../../../node_modules/.bin/tsx");

function run(command: string, args: readonly string[]): Row | undefined {
  const { stdout, stderr, status } = spawnSync(command, [...args], { encoding: "utf8", maxBuffer: 1e8 });
  const line = stdout?.trim().split("\n").at(-1) ?? "";
  if (status !== 0 || !line.startsWith("{")) {
    console.error(`${args.join(" ")} failed: ${stderr.slice(-500)}`);
    return undefined;
  }
  return JSON.parse(line) as Row;
}

const rows: Row[] = [];
for (const task of tasks) {
  for (const backend of backends) {
    for (const [peer, epochs] of [
      ["stock", STOCK_EPOCHS],
      ["graft", EPOCHS],
    ] as const) {
      const row = run(tsx, [join(here, "worker.ts"), backend, peer, task, String(epochs)]);
      if (row) rows.push(row);
    }
  }
  const python = process.env.GRAFT_PYTHON;
  const row = python && run(python, [join(here, "peer.py"), task, String(STOCK_EPOCHS)]);
  if (row) rows.push(row);
}

const whole = (row: Row): number => (row.seconds * EPOCHS) / row.epochs;
const of = (backend: string, peer: string, task: string): Row | undefined =>
  rows.find((row) => row.backend === backend && row.peer === peer && row.task === task);
const ratios = tasks.flatMap((task) =>
  backends.flatMap((backend) => {
    const graft = of(backend, "graft", task);
    const stock = of(backend, "stock", task);
    const torch = of("pytorch", "usual", task);
    if (!graft) return [];
    return [
      {
        task,
        backend,
        seconds: graft.seconds,
        ...(stock
          ? { fasterThanStock: whole(stock) / graft.seconds, shareOfStockRss: graft.peakRss / stock.peakRss }
          : {}),
        ...(torch ? { fasterThanPyTorch: whole(torch) / graft.seconds } : {}),
      },
    ];
  }),
);
const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version };
const report = { machine, images: 256, batch: 16, epochs: EPOCHS, stockEpochsMeasured: STOCK_EPOCHS, rows, ratios };
writeFileSync(join(here, "results.json"), `${JSON.stringify(report, null, 2)}\n`);
console.table(ratios);

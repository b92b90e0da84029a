// `pnpm bench frozen-bn [size] [batch] [rounds]`: memory and time of a training step of MobileNetV2 with its batch norm frozen, against
// stock tfjs on the same backend, native (where it is installed) and wasm. Peers take turns within a run.
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { nativeBackend } from "@graftjs/backend-node";
import { wasmBackend } from "@graftjs/backend-wasm";
import { frozenBatchNorm } from "../src/index.ts";
import { type Trainer, type Tuning, trainer, type Variant } from "./step.ts";

const [size = 224, batch = 16, rounds = 3] = process.argv.slice(2).map(Number);

/** `stock` is what `model.fit` does; `inference` is the nearest that stock tfjs comes to frozen statistics, in a loop of one's own. */
const variants: readonly Variant[] = [
  { name: "stock", training: true },
  { name: "stock, inference mode", training: false },
  { name: "exact", training: true, patch: frozenBatchNorm({ blocks: "exact" }) },
  { name: "folded", training: true, patch: frozenBatchNorm({ blocks: "folded" }) },
];

interface Row {
  readonly backend: string;
  readonly tuning: Tuning;
  readonly variant: string;
  readonly milliseconds: number;
  readonly peakBytes: number;
  readonly losses: readonly number[];
  readonly statisticsMoved: boolean;
}

const rows: Row[] = [];
const skipped: string[] = [];
for (const adapter of [nativeBackend(), wasmBackend()]) {
  const probe = await adapter.probe();
  if (!probe.ok) {
    skipped.push(`${adapter.name}: ${probe.reason}`);
    continue;
  }
  const session = await adapter.init();
  for (const tuning of ["affine", "bias"] as const) rows.push(...(await measure(adapter.name, tuning)));
  await session.dispose();
}

async function measure(backend: string, tuning: Tuning): Promise<Row[]> {
  const peers: Trainer[] = [];
  for (const variant of variants) peers.push(await trainer(variant, tuning, size, batch));
  const before = peers.map((peer) => peer.statistics());
  const losses = peers.map((): number[] => []);
  const times = peers.map((): number[] => []);
  for (let round = 0; round < rounds + 1; round++) {
    for (const [i, peer] of peers.entries()) {
      const start = performance.now();
      losses[i]?.push(await peer.step());
      // The first round compiles and packs.
      if (round > 0) times[i]?.push(performance.now() - start);
    }
  }
  const done: Row[] = [];
  for (const [i, peer] of peers.entries()) {
    const statisticsMoved = peer.statistics().some((value, k) => !Object.is(value, before[i]?.[k]));
    const peakBytes = await peer.peak();
    const milliseconds = Math.min(...(times[i] as number[]));
    done.push({
      backend,
      tuning,
      variant: peer.name,
      milliseconds,
      peakBytes,
      losses: losses[i] as number[],
      statisticsMoved,
    });
    peer.dispose();
  }
  return done;
}

/** Of the rows of one backend and tuning: Graft against stock. */
function ratios(backend: string, tuning: Tuning): Record<string, number> {
  const of = (name: string): Row =>
    rows.find((row) => row.backend === backend && row.tuning === tuning && row.variant === name) as Row;
  const [stock, inference] = [of("stock"), of("stock, inference mode")];
  return Object.fromEntries(
    (["exact", "folded"] as const).flatMap((name) => {
      const own = of(name);
      const apart = own.losses.map((loss, i) => Math.abs(loss - (inference.losses[i] as number)));
      return [
        [`${name}: bytes, stock over ours`, stock.peakBytes / own.peakBytes],
        [`${name}: time, stock over ours`, stock.milliseconds / own.milliseconds],
        [`${name}: bytes, inference mode over ours`, inference.peakBytes / own.peakBytes],
        [`${name}: time, inference mode over ours`, inference.milliseconds / own.milliseconds],
        [`${name}: largest difference of a loss from inference mode`, Math.max(...apart)],
      ];
    }),
  );
}

const cases = [...new Set(rows.map(({ backend, tuning }) => `${backend}/${tuning}`))];
const summary = Object.fromEntries(
  cases.map((name) => {
    const [backend, tuning] = name.split("/") as [string, Tuning];
    return [name, ratios(backend, tuning)];
  }),
);
const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
console.log(`MobileNetV2, ${size}×${size}, batch ${batch}, best of ${rounds} steps`);
for (const { backend, tuning, variant, milliseconds, peakBytes, losses, statisticsMoved } of rows) {
  console.log(
    `${backend.padEnd(6)} ${tuning.padEnd(6)} ${variant.padEnd(21)} ${milliseconds.toFixed(0).padStart(6)} ms ${mebibytes(peakBytes).padStart(9)}  losses ${losses.map((loss) => loss.toFixed(6)).join(" ")}${statisticsMoved ? "  statistics moved" : ""}`,
  );
}
for (const [name, values] of Object.entries(summary)) {
  console.log(name);
  for (const [what, value] of Object.entries(values))
    console.log(`  ${what}: ${value < 0.01 ? value.toExponential(1) : value.toFixed(2)}`);
}
for (const line of skipped) console.log(`not measured: ${line}`);
if (size === 224 && batch === 16) {
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version };
  const file = new URL("./results.json", import.meta.url);
  writeFileSync(file, `${JSON.stringify({ machine, size, batch, rounds, rows, ratios: summary, skipped }, null, 2)}\n`);
}

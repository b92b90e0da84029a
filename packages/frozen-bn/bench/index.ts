// `pnpm bench frozen-bn [node|wasm] [affine|bias] [rounds]` measures memory and time of a training step of MobileNetV2 at 224×224
// with frozen batch norm, and compares them with stock tfjs. The variants take turns within a run. A run replaces its own numbers
// in results.json.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { nativeBackend } from "@graftjs/backend-node";
import { wasmBackend } from "@graftjs/backend-wasm";
import { frozenBatchNorm } from "../src/index.ts";
import { type Trainer, type Tuning, trainer, type Variant } from "./step.ts";

const SIZE = 224;
const words = process.argv.slice(2);
const only = words.find((word) => word === "node" || word === "wasm");
const tunings = (["affine", "bias"] as const).filter(
  (tuning) => words.includes(tuning) || !/affine|bias/.test(words.join(" ")),
);
const rounds = Number(words.find((word) => /^\d+$/.test(word)) ?? 3);

const native = nativeBackend();
const stockNative = nativeBackend({ fused: false });
const wasm = wasmBackend();
const exact = frozenBatchNorm({ blocks: "exact" });
const folded = frozenBatchNorm({ blocks: "folded" });

/**
 * The variants of each run. `stock` is `model.fit`. `inference` is the closest that stock tfjs gets to frozen statistics, in a
 * custom training loop. On native both use the kernels of tfjs-node. Stock wasm has no gradient of a convolution, so on wasm
 * both use Graft's kernels. The heap of wasm (4 GiB) is too small for a stock step of 16 images, so stock runs with 4.
 */
const runs: readonly { name: string; batch: number; variants: readonly Variant[] }[] = [
  {
    name: "node",
    batch: 16,
    variants: [
      { name: "stock", training: true, adapter: stockNative },
      { name: "inference", training: false, adapter: stockNative },
      { name: "stock layers on Graft's kernels", training: true, adapter: native },
      { name: "exact", training: true, adapter: native, patch: exact },
      { name: "folded", training: true, adapter: native, patch: folded },
    ],
  },
  {
    name: "wasm",
    batch: 4,
    variants: [
      { name: "stock", training: true, adapter: wasm },
      { name: "inference", training: false, adapter: wasm },
      { name: "exact", training: true, adapter: wasm, patch: exact },
      { name: "folded", training: true, adapter: wasm, patch: folded },
    ],
  },
  {
    name: "wasm",
    batch: 16,
    variants: [
      { name: "exact", training: true, adapter: wasm, patch: exact },
      { name: "folded", training: true, adapter: wasm, patch: folded },
    ],
  },
];

interface Row {
  readonly variant: string;
  /** Time of the fastest step after the first. */
  readonly milliseconds: number;
  /** Peak of `tf.profile`, including weights and batch. */
  readonly peakBytes: number;
  readonly losses: readonly number[];
  readonly statisticsMoved: boolean;
}

/** Runs `use` on the backend of the variant. */
async function withBackend<T>(variant: Variant, use: () => Promise<T>): Promise<T> {
  const session = await variant.adapter.init();
  try {
    return await use();
  } finally {
    await session.dispose();
  }
}

async function measure(variants: readonly Variant[], tuning: Tuning, batch: number): Promise<Row[]> {
  const peers: Trainer[] = [];
  for (const variant of variants) peers.push(await withBackend(variant, () => trainer(variant, tuning, SIZE, batch)));
  const before = peers.map((peer) => peer.statistics());
  const losses = peers.map((): number[] => []);
  const times = peers.map((): number[] => []);
  const peaks: number[] = [];
  for (let round = 0; round < rounds + 1; round++) {
    for (const [i, peer] of peers.entries()) {
      await withBackend(peer.variant, async () => {
        if (round === 0) {
          // The first step includes compilation, so its time is not used.
          const { loss, peakBytes } = await peer.profiledStep();
          losses[i]?.push(loss);
          peaks.push(peakBytes);
          return;
        }
        const start = performance.now();
        losses[i]?.push(await peer.step());
        times[i]?.push(performance.now() - start);
      });
    }
  }
  return peers.map((peer, i) => {
    const statisticsMoved = peer.statistics().some((value, k) => !Object.is(value, before[i]?.[k]));
    peer.dispose();
    return {
      variant: peer.variant.name,
      milliseconds: Math.min(...(times[i] as number[])),
      peakBytes: peaks[i] as number,
      losses: losses[i] as number[],
      statisticsMoved,
    };
  });
}

/** Computes how the variants of Graft compare with the others. */
function ratios(rows: readonly Row[]): Record<string, number> {
  const rowOf = (name: string): Row | undefined => rows.find((row) => row.variant === name);
  const found: Record<string, number> = {};
  for (const ours of [rowOf("exact"), rowOf("folded")]) {
    if (!ours) continue;
    for (const other of rows.filter((row) => !["exact", "folded"].includes(row.variant))) {
      found[`${other.variant} / ${ours.variant}, bytes`] = other.peakBytes / ours.peakBytes;
      found[`${other.variant} / ${ours.variant}, time`] = other.milliseconds / ours.milliseconds;
    }
    const inference = rowOf("inference");
    if (inference) {
      const apart = ours.losses.map((loss, i) => Math.abs(loss - (inference.losses[i] as number)));
      found[`${ours.variant}, largest difference of a loss from inference mode`] = Math.max(...apart);
    }
  }
  return found;
}

const file = new URL("./results.json", import.meta.url);
const results = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>) : {};
for (const { name, batch, variants } of runs.filter((run) => only === undefined || run.name === only)) {
  const probe = await (variants[0] as Variant).adapter.availability();
  if (!probe.ok) {
    console.log(`${name}: not measured: ${probe.reason}`);
    continue;
  }
  for (const tuning of tunings) {
    const rows = await measure(variants, tuning, batch);
    const compared = ratios(rows);
    console.log(`\nMobileNetV2, ${SIZE}×${SIZE}, batch ${batch}, ${tuning}, on ${name}, best of ${rounds} steps`);
    for (const { variant, milliseconds, peakBytes, losses, statisticsMoved } of rows) {
      const peak = `${(peakBytes / 2 ** 20).toFixed(0)} MiB`;
      const shown = losses.map((loss) => loss.toFixed(6)).join(" ");
      const moved = statisticsMoved ? "  statistics moved" : "";
      console.log(
        `${variant.padEnd(31)} ${milliseconds.toFixed(0).padStart(6)} ms ${peak.padStart(9)}  losses ${shown}${moved}`,
      );
    }
    for (const [ratio, value] of Object.entries(compared)) {
      console.log(`${ratio}: ${value < 0.01 ? value.toExponential(1) : value.toFixed(2)}`);
    }
    const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version };
    results[`${name}, batch ${batch}, ${tuning}`] = {
      machine,
      size: SIZE,
      batch,
      tuning,
      rounds,
      rows,
      ratios: compared,
    };
  }
}
writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);

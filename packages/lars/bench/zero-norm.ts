/**
 * Trains a head that starts at zero on a body that does not, by LARS at rate 10 (η = 0.001), with each `zeroNorm`. Writes
 * zero-norm.json and the chart zero-norm.svg. Run `npx tsx packages/lars/bench/zero-norm.ts`. It measures no times.
 */
import { writeFileSync } from "node:fs";
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-layers";
import { HookedOptimizer, type Param } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { larsMomentum, type ZeroNormPolicy } from "../src/index.ts";
import { numbers, param } from "../test/sample.ts";

const STEPS = 200;
/** The lines of the chart. `one` and `exclude` take the same steps. */
const MODES = {
  "rms-floor": { zeroNorm: "rms-floor" },
  "rms-floor 0.001": { zeroNorm: "rms-floor", rmsFloor: 0.001 },
  "one, exclude": { zeroNorm: "one" },
  eta: { zeroNorm: "eta" },
} as const satisfies Record<string, { zeroNorm: ZeroNormPolicy; rmsFloor?: number }>;
const NAMES = Object.keys(MODES) as (keyof typeof MODES)[];
const COLORS = ["#2980b9", "#8e44ad", "#c0392b", "#27ae60"] as const;
await tf.setBackend("cpu");

/**
 * Returns the length of the head's first step, that of the body's, and the losses. The first step of the body is the second
 * step of training, because a head of zeros passes no gradient.
 */
function train(mode: (typeof MODES)[keyof typeof MODES]): { head: number; body: number; losses: number[] } {
  const scaled = (seed: number, shape: readonly [number, number]): Param =>
    param(
      `body${seed}/kernel`,
      shape,
      numbers(seed, shape[0] * shape[1]).map((x) => x * Math.sqrt(3 / shape[0])),
    );
  const params = [scaled(1, [16, 32]), scaled(2, [32, 32]), param("head/kernel", [32, 4], Array<number>(128).fill(0))];
  const [a, b, c] = params.map(({ variable }) => variable) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D] & tf.Variable[];
  const x = tf.tensor2d(numbers(7, 64 * 16), [64, 16]);
  const y = tf.tidy(() => tf.tanh(tf.matMul(x, tf.tensor2d(numbers(8, 64), [16, 4]))));
  const optimizer = new HookedOptimizer({
    params,
    rule: larsMomentum({ ...mode, weightDecay: 0, momentum: 0.9 }),
    learningRate: 10,
  });
  const loss = (): tf.Scalar =>
    tf.losses.meanSquaredError(y, tf.matMul(tf.tanh(tf.matMul(tf.tanh(tf.matMul(x, a)), b)), c));
  const read = (): Float32Array[] => params.map(({ variable }) => variable.dataSync<"float32">().slice());
  const starts: Float32Array[][] = [];
  const losses: number[] = [];
  for (let step = 0; step < STEPS; step++) {
    if (step < 3) starts.push(read());
    const value = optimizer.minimize(loss, true) as tf.Scalar;
    losses.push(round(value.dataSync()[0] as number));
    value.dispose();
  }
  optimizer.dispose();
  tf.dispose([x, y]);
  for (const { variable } of params) variable.dispose();
  const moved = (step: number, i: number): number =>
    distance(starts[step + 1]?.[i] as Float32Array, starts[step]?.[i] as Float32Array);
  return { head: round(moved(0, 2)), body: round(Math.sqrt(moved(1, 0) * moved(1, 1))), losses };
}

const runs = Object.fromEntries(NAMES.map((name) => [name, train(MODES[name])])) as Record<
  keyof typeof MODES,
  ReturnType<typeof train>
>;
const shownSteps = [1, 10, 50, 199];
const table = NAMES.map((name) => {
  const { head, body, losses } = runs[name];
  return {
    zeroNorm: name,
    headOverBody: round(head / body),
    losses: Object.fromEntries(shownSteps.map((i) => [i, losses[i]])),
  };
});
console.log(JSON.stringify(table, null, 1));
writeFileSync(
  new URL("zero-norm.json", import.meta.url),
  `${JSON.stringify({ rate: 10, eta: 0.001, table }, null, 2)}\n`,
);
writeFileSync(new URL("zero-norm.svg", import.meta.url), figure());

/** Draws the loss over steps on a logarithmic axis, one line per mode. */
function figure(): string {
  const [width, height, left, top] = [520, 260, 60, 30];
  const logs = NAMES.flatMap((mode) => runs[mode].losses).map(Math.log10);
  const [low, high] = [Math.floor(Math.min(...logs)), Math.ceil(Math.max(...logs))];
  const x = (step: number): number => left + (step / (STEPS - 1)) * width;
  const y = (log: number): number => top + ((high - log) / (high - low)) * height;
  const ticks = Array.from({ length: high - low + 1 }, (_, i) => low + i).map(
    (log) =>
      `<line x1="${left}" x2="${left + width}" y1="${y(log)}" y2="${y(log)}" stroke="#ccc"/><text x="${left - 8}" y="${y(log) + 4}" text-anchor="end">1e${log}</text>`,
  );
  const lines = NAMES.map((mode, i) => {
    const points = runs[mode].losses.map((loss, step) => `${x(step).toFixed(1)},${y(Math.log10(loss)).toFixed(1)}`);
    const label = `<text x="${left + width + 10}" y="${top + 20 + 20 * i}" fill="${COLORS[i]}">${mode}</text>`;
    return `<polyline points="${points.join(" ")}" fill="none" stroke="${COLORS[i]}" stroke-width="1.5"/>${label}`;
  });
  const text = `<text x="${left}" y="18">loss per step, a head that starts at zero, rate 10</text><text x="${left + width}" y="${top + height + 18}" text-anchor="end">step ${STEPS}</text>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${left + width + 110} ${top + height + 30}" font-family="sans-serif" font-size="12"><title>Loss per step for each zeroNorm</title><rect width="100%" height="100%" fill="white"/>${text}${ticks.join("")}${lines.join("")}</svg>\n`;
}

function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Math.hypot(...Array.from(a, (x, i) => x - (b[i] as number)));
}

function round(x: number): number {
  return Number(x.toPrecision(4));
}

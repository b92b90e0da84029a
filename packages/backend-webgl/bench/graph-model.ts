// `npx tsx packages/backend-webgl/bench/graph-model.ts` shows why examples/graph-model on WebGL differs from cpu by more than 1e-4.
// It runs the steps with the trunk on one backend and the head on the other, with the head in float64, and on cpu with pixels that
// differ only by rounding. Each run is compared with cpu. Writes graph-model.json.
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-layers";
import { writeFileSync } from "node:fs";
import * as tf from "@tensorflow/tfjs-core";
import { floats, json, pack } from "../../../tools/browser/blobs.ts";
import { exampleBlobs } from "../../../tools/browser/example-blobs.ts";
import { WEBGL_FLAGS } from "../../../tools/browser/flags.ts";
import { openPage } from "../../../tools/browser/page.ts";
import { disagreement, random } from "../../../tools/browser/suite/numbers.ts";
import { trainExactly } from "./graph-model-exact.ts";
import { type GraphRun, nodesOf, trainGraph } from "./graph-model-run.ts";

tf.env().set("PROD", true);
await tf.setBackend("cpu");
const blobs = await exampleBlobs("graph-model");
const page = await openPage({
  entry: new URL("./graph-model-page.ts", import.meta.url),
  flags: WEBGL_FLAGS,
  files: { "/blobs.bin": pack(blobs) },
});
const labels = floats(blobs, "graph-model/ys");
const cpu = await trainGraph(blobs);
const webgl = await page.call<GraphRun>("train", null);
const start = cpu.weights[0] as number[];
const last = (run: { readonly weights: readonly number[][] }): number[] => run.weights.at(-1) as number[];
const errors = (run: { readonly weights: readonly number[][] }): { firstStep: number; end: number } => ({
  firstStep: short(disagreement(run.weights[1] as number[], cpu.weights[1] as number[])),
  end: short(disagreement(last(run), last(cpu))),
});

const shaken: { features: number; firstStep: number; end: number }[] = [];
for (const seed of [1, 2, 3, 4, 5]) {
  const next = random(seed);
  const pixels = floats(blobs, "graph-model/xs").map((x) => x * (1 + (2 * next() - 1) * 2 ** -24));
  const run = await trainGraph({ ...blobs, "graph-model/xs": new Uint8Array(pixels.buffer) });
  shaken.push({ features: short(disagreement(run.features, cpu.features)), ...errors(run) });
}
const exact = trainExactly(cpu.features, labels, start);
const results = {
  about:
    "max |a − cpu| / max |cpu| of the weights after the first and the last of 20 steps; of the features before them",
  webgl: { features: short(disagreement(webgl.features, cpu.features)), ...errors(webgl) },
  "trunk on webgl, head on cpu": errors(await trainGraph(blobs, webgl.features)),
  "trunk on cpu, head on webgl": errors(await page.call<GraphRun>("train", cpu.features)),
  "trunk on cpu, head in float64": errors({ weights: exact }),
  "cpu, pixels off by at most one unit in the last place, five seeds": shaken,
  "features behind each block, webgl against cpu": await layers(),
  worst: worstWeight(),
};
await page.close();
console.log(JSON.stringify(results, null, 2));
writeFileSync(new URL("./graph-model.json", import.meta.url), `${JSON.stringify(results, null, 2)}\n`);

/** Compares the output of each of the trunk's blocks with cpu, from the first one to the pooled features. */
async function layers(): Promise<Record<string, number>> {
  const { modelTopology } = json<{ modelTopology: { node: { name: string; op: string }[] } }>(
    blobs,
    "graph-model/model",
  );
  const names = modelTopology.node
    .filter(({ name, op }) => op === "AddV2" || op === "AvgPool" || /Conv_1\/Relu6$/.test(name))
    .map(({ name }) => name);
  const [got, want] = [await page.call<Record<string, number[]>>("nodes", names), await nodesOf(blobs, names)];
  return Object.fromEntries(
    names.map((name) => [
      name.replace(/^.*MobilenetV2\//, ""),
      short(disagreement(got[name] as number[], want[name] as number[])),
    ]),
  );
}

/** Describes the weight that ends furthest from cpu: its features, and its first step, which Adam limits to 0.01. */
function worstWeight(): Record<string, number | readonly (number | undefined)[]> {
  const [got, want] = [last(webgl), last(cpu)];
  const off = (i: number): number => Math.abs((got[i] as number) - (want[i] as number));
  const worst = got.reduce((best, _, i) => (off(i) > off(best) ? i : best), 0);
  const [feature, images] = [Math.floor(worst / 5), labels.length / 5];
  const of = (run: GraphRun): readonly (number | undefined)[] =>
    Array.from({ length: images }, (_, i) => run.features[(i * run.features.length) / images + feature]);
  const first = (run: GraphRun): number => ((run.weights[1] as number[])[worst] as number) - (start[worst] as number);
  return {
    "features on cpu, by image": of(cpu),
    "features on webgl, by image": of(webgl),
    "largest feature": cpu.features.reduce((a, b) => Math.max(a, b)),
    "first step on cpu": first(cpu),
    "first step on webgl": first(webgl),
  };
}

function short(x: number): number {
  return Number(x.toPrecision(2));
}

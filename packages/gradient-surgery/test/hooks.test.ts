import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-layers";
import { readFileSync } from "node:fs";
import { adam, sgd } from "@graftjs/core";
import { type Oracle, testHook, testRule } from "@graftjs/testing";
import {
  agc,
  anchor,
  centralize,
  childTuning,
  clipByBlockRms,
  clipByGlobalNorm,
  clipByNorm,
  clipByValue,
  decoupledAnchor,
  driftCap,
  ewc,
  layerDecay,
  layerScale,
  skipLargeUpdate,
  zclip,
} from "../src/index.ts";

const oracles = JSON.parse(readFileSync(new URL("./oracle-hooks.json", import.meta.url), "utf8")) as {
  readonly [name: string]: Oracle;
};
const oracle = (name: string): { readonly oracle: Oracle } => ({ oracle: oracles[name] as Oracle });

/** Converts arrays of options to typed arrays, which JSON does not have. */
// biome-ignore lint/suspicious/noExplicitAny: options of any hook, from JSON.
function withTypedArrays(options: any): any {
  const typed = (tree: Record<string, number[]> | undefined): object =>
    Object.fromEntries(Object.entries(tree ?? {}).map(([name, values]) => [name, Float32Array.from(values)]));
  return {
    ...options,
    ...(options?.reference ? { reference: typed(options.reference) } : {}),
    ...(options?.fisher ? { fisher: typed(options.fisher) } : {}),
  };
}
const fisher = {
  "conv/kernel": Float32Array.from({ length: 72 }, (_, i) => (i % 7) / 7),
  "conv/bias": new Float32Array(4),
};

testHook((options = { value: 0.1 }) => clipByValue(options), oracle("clip-by-value"));
testHook((options = { norm: 0.5 }) => clipByNorm(options), oracle("clip-by-norm"));
testHook((options = { norm: 1 }) => clipByGlobalNorm(options), oracle("clip-by-global-norm"));
testHook((options = { threshold: 0.2 }) => clipByBlockRms(options), oracle("clip-by-block-rms"));
testHook((options = { clipping: 0.1 }) => agc(options), { ...oracle("agc"), learningRate: 0.5 });
testHook(() => centralize(), oracle("centralize"));
testHook(() =>
  layerScale({
    scales: [
      { params: "head/**", factor: 0.5 },
      { params: "**/kernel", factor: (step) => 1 / (1 + step) },
    ],
  }),
);
testHook(() => layerDecay({ depths: { conv: 1, depthwise: 2, norm: 2, hidden: 3, head: 4 } }));
testHook((options) => zclip(options ?? { warmupSteps: 2 }), oracle("zclip"));
testHook(() => skipLargeUpdate({ norm: 100 }));
testHook(() => childTuning({ keep: 0.5 }));
testHook(() => ({ ...childTuning({ keep: 0.5, fisher }), name: "child-tuning-d" }));
testHook((options) => anchor(withTypedArrays(options)), oracle("anchor"));
testHook((options) => ewc(options ? withTypedArrays(options) : { fisher, strength: 1 }), oracle("ewc"));
testRule(() => driftCap(sgd({ momentum: 0.9 }), { radius: 0.5 }));
const expectedFailures = { "is finite for gradients of 1e20": "Adam squares the gradient, and 1e40 overflows float32" };
testRule(() => driftCap(adam(), { radius: 0.5, granularity: "tensor" }), { expectedFailures });
testRule(() => decoupledAnchor(adam(), { strength: 0.1, params: "**/kernel" }), { expectedFailures });

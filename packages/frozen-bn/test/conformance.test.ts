import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import "@tensorflow/tfjs-backend-cpu";
import { testPatch } from "@graftjs/testing";
import { foldBatchNorm, frozenBatchNorm } from "../src/index.ts";
import { convNet } from "./nets.ts";

await tf.setBackend("cpu");

const unsuitable = (): tfl.Sequential => tfl.sequential({ layers: [tfl.layers.dense({ units: 2, inputShape: [3] })] });

for (const preset of ["statistics", "all", "keras", "bn-only", "recalibrate"] as const) {
  testPatch(() => frozenBatchNorm({ preset }), { model: convNet, unsuitable });
}
for (const blocks of ["folded", "off"] as const) {
  testPatch(() => frozenBatchNorm({ blocks }), { model: convNet, unsuitable });
}
testPatch(foldBatchNorm, { model: convNet, unsuitable });

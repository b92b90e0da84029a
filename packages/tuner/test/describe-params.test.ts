import "@tensorflow/tfjs-backend-cpu";
import { namedParams } from "@graftjs/core";
import * as tfl from "@tensorflow/tfjs-layers";
import { expect, it } from "vitest";
import { describeParams } from "../src/index.ts";

const l = tfl.layers;
const sequential = (...layers: tfl.layers.Layer[]): tfl.Sequential => tfl.sequential({ layers });

it("describeParams shows what each selector matched, shares and bytes", () => {
  const model = sequential(
    l.dense({ units: 64, inputShape: [30], name: "base", trainable: false }),
    l.dense({ units: 2, name: "head" }),
  );
  const params = namedParams(model, { frozen: true });
  expect(describeParams(params)).toMatchInlineSnapshot(`
    "parameter    shape    numbers
    base/kernel  [30,64]     1920
    base/bias    [64]          64
    head/kernel  [64,2]       128  trained
    head/bias    [2]            2  trained
    trained: 130 of 2114 (6.1 %), 520 B of 8.3 kB"
  `);
  expect(describeParams(params, { decayed: "role:kernel", head: "head" })).toMatchInlineSnapshot(`
    "parameter    shape    numbers
    base/kernel  [30,64]     1920  decayed
    base/bias    [64]          64
    head/kernel  [64,2]       128  decayed  head
    head/bias    [2]            2           head
    decayed: 2048 of 2114 (96.9 %), 8.0 kB of 8.3 kB
    head: 130 of 2114 (6.1 %), 520 B of 8.3 kB"
  `);
});

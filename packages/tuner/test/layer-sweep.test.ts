import "@tensorflow/tfjs-backend-cpu";
import { wasmBackend } from "@graftjs/backend-wasm";
import { expect, it } from "vitest";
import { EVERY } from "../../../tools/browser/gpu-tests.ts";
import { compareLayers, compareWithStock } from "../../../tools/browser/suite/layers.ts";

/** Runs that stock tfjs refuses or computes wrongly. corrected-layers.test.ts and keras-layers.test.ts have their right values. */
const STOCK_DIFFERS = [
  "masked merge, all",
  "masked sum, all",
  "masked sum, head",
  "conv1d dilated, all",
  "conv3dTranspose, all",
  "upsample, all",
  "upsample bilinear, all",
  "upsample bilinear, head",
  "average pool, all",
  "bent activations, all",
  "batch norm 3-D, all",
  "batch norm 3-D, head",
  "batch norm, axis 1, all",
  "batch norm, axis 1, head",
];

it("every kind of layer trains as stock fit trains it, unless stock is wrong", async () => {
  const rows = await compareWithStock(EVERY);
  expect(rows.length).toBeGreaterThan(80 / EVERY);
  const differing = rows.filter(({ error }) => error === null || !(error <= 1e-5)).map(({ name }) => name);
  expect(differing.length).toBeGreaterThan(0);
  expect(differing).toEqual(STOCK_DIFFERS.filter((name) => rows.some((row) => row.name === name)));
});

it("every kind of layer trains on wasm as on cpu, without leaks", async () => {
  const session = await wasmBackend().init();
  const { rows, leaked } = await compareLayers("wasm", EVERY);
  expect(rows.length).toBeGreaterThan(80 / EVERY);
  expect(rows.filter(({ error }) => error === null || !(error <= 1e-5))).toEqual([]);
  expect(leaked).toBe(0);
  await session.dispose();
});

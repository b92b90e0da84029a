import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-layers";
import { wasmBackend } from "@graftjs/backend-wasm";
import { expect, it } from "vitest";
import { compareClipping } from "../../../tools/browser/suite/clip.ts";

it("clip-by-global-norm gives the same on wasm's fused kernels as on cpu, returns new tensors, and leaks nothing", async () => {
  const session = await wasmBackend().init();
  const { rows, calls, changed, leaked } = await compareClipping("wasm");
  expect(rows.filter(({ error }) => !((error ?? 1) <= 1e-6))).toEqual([]);
  expect(calls).toEqual({ GraftGlobalNorm: rows.length - 1, GraftScaleAll: rows.length - 1 });
  expect(changed).toEqual([]);
  expect(leaked).toBe(0);
  await session.dispose();
});

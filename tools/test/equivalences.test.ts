import "@tensorflow/tfjs-backend-cpu";
import { cpuBackend } from "@graftjs/backend";
import { expect, it } from "vitest";
import { wasmBackend } from "../../packages/backend-wasm/src/index.ts";
import { compareEquivalences } from "../browser/suite/equivalences.ts";

// The GPU backends run the same table in `testGpu`, and the native backend in its own tests.
it.each([cpuBackend(), wasmBackend()])(
  "optimizers that are equal by definition are equal on $name",
  async (adapter) => {
    const session = await adapter.init();
    const { rows, leaked } = await compareEquivalences();
    expect(rows.length).toBeGreaterThanOrEqual(16);
    expect(rows.filter(({ error }) => error === null || !(error <= 1e-6))).toEqual([]);
    expect(leaked).toBe(0);
    await session.dispose();
  },
);

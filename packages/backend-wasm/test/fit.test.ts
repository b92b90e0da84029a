import "@tensorflow/tfjs-backend-cpu";
import { beforeAll, describe, expect, it } from "vitest";
import { wasmBackend } from "../src/index.ts";
import { expectLossesOfCpu } from "./fit-losses.ts";
import { SETUPS } from "./fit-setups.ts";

beforeAll(async () => {
  await wasmBackend().init();
});

describe(`model.fit: ${Object.keys(SETUPS).length} set-ups train on wasm as on cpu`, () => {
  it("there are at least 60", () => expect(Object.keys(SETUPS).length).toBeGreaterThanOrEqual(60));

  it.each(Object.entries(SETUPS))("%s", expectLossesOfCpu);
});

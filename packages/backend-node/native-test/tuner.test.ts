import type { BackendSession } from "@graftjs/core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { sameAsStock } from "../../tuner/test/same-as-stock.ts";
import { nativeBackend } from "../src/index.ts";

let session: BackendSession;
beforeAll(async () => {
  session = await nativeBackend().init();
});
afterAll(() => session.dispose());

it("fine-tunes 12 random graphs with random frozen sets like stock layers", async () => {
  expect(await sameAsStock(12)).toBeGreaterThan(6);
});

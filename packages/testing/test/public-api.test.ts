import { expect, it } from "vitest";
import * as api from "../src/index.ts";

it("exports these names and no others", () => {
  expect(Object.keys(api).sort()).toMatchInlineSnapshot(`
    [
      "InjectedFault",
      "backendAdapterChecks",
      "combinerChecks",
      "disposeParams",
      "failAt",
      "hookChecks",
      "observerChecks",
      "patchChecks",
      "ruleChecks",
      "sampleGrads",
      "sampleParams",
      "testBackend",
      "testCombiner",
      "testHook",
      "testObserver",
      "testPatch",
      "testRule",
    ]
  `);
});

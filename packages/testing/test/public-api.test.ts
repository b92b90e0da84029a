import { expect, it } from "vitest";
import * as api from "../src/index.ts";

it("exports these names and no others", () => {
  expect(Object.keys(api).sort()).toMatchInlineSnapshot(`
    [
      "InjectedFault",
      "backendAdapterCases",
      "combinerCases",
      "disposeParams",
      "failAt",
      "hookCases",
      "observerCases",
      "patchCases",
      "ruleCases",
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

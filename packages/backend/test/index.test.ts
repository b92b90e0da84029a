import * as backend from "@graftjs/backend";
import { expect, it } from "vitest";

it("exports exactly these names", () => {
  expect(Object.keys(backend).sort()).toEqual([
    "UnavailableError",
    "broadcastFixes",
    "callPatch",
    "compileOnly",
    "cpuBackend",
    "inPlaceKernels",
    "inTurn",
    "loadPeer",
    "messageOf",
    "missingTrainingKernels",
    "openBackend",
    "openExclusive",
    "plugins",
    "recordKernels",
    "replaceKernels",
    "runOnBackends",
    "takePlace",
    "tensorKernels",
    "unavailable",
    "undoList",
  ]);
});

import { expect, it } from "vitest";
import * as graft from "../src/index.ts";

it("exports these names and no others", () => {
  expect(Object.keys(graft).sort()).toEqual([
    "lamb",
    "lambc",
    "lars",
    "larsMomentum",
    "larsReport",
    "plugins",
    "trustStates",
  ]);
});

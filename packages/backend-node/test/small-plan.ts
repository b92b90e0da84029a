import type { InstallPlan } from "../src/install/plan.ts";
import { fakeWheel } from "./fake-wheel.ts";

export const noPip: InstallPlan["sources"]["pip"] = async () => undefined;

/** A plan that takes a small wheel from the disk and believes every binding. */
export function smallPlan(root: string, overrides: Partial<InstallPlan> = {}): InstallPlan {
  const { wheel, path } = fakeWheel(root);
  return {
    target: "linux-x64-cpu",
    wheels: [wheel],
    sources: { wheels: [path], pip: noPip, index: undefined },
    compile: false,
    projectDir: root,
    verify: async () => ({ tensorflow: "9.9.9", gpu: false, milliseconds: 1 }),
    placeJs: async () => "nothing, in this test",
    ...overrides,
  };
}

import type { InstallPlan } from "../src/install/plan.ts";
import { fakeWheel } from "./fake-wheel.ts";

export const noPip: InstallPlan["sources"]["pip"] = async () => undefined;

/** Returns a plan that uses a small wheel from the disk and accepts every binding. */
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

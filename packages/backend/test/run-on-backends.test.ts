import { runOnBackends } from "@graftjs/backend";
import { type BackendAdapter, BackendError, BackendLostError } from "@graftjs/core";
import { expect, it } from "vitest";

const disposed: string[] = [];
function backend(name: string, missingKernels: readonly string[] = []): BackendAdapter {
  const capabilities = { missingKernels, floatBits: 32, syncRead: true } as const;
  return {
    name,
    device: "gpu",
    availability: async () => ({ ok: true, capabilities }),
    init: async () => ({ name, capabilities, dispose: async () => void disposed.push(name) }),
  };
}
const lose = (name: string): BackendLostError => new BackendLostError(`${name} was lost`, "go on");

it("continues on the next backend that can train if a device is lost, and keeps the last session open", async () => {
  disposed.length = 0;
  const seen: unknown[] = [];
  const adapters = [backend("a"), backend("b", ["Conv2DBackpropFilter"]), backend("c")];
  const result = await runOnBackends(adapters, async ({ name }, lost) => {
    seen.push([name, lost?.message.split("\n")[0]]);
    if (name === "a") throw lose(name);
    return name;
  });
  expect(result).toBe("c");
  expect(seen).toEqual([
    ["a", undefined],
    ["c", "a was lost"],
  ]);
  expect(disposed).toEqual(["a"]);
});

it("throws the loss if no backend is left, and any other error at once", async () => {
  disposed.length = 0;
  await expect(
    runOnBackends([backend("a"), backend("b")], async ({ name }) => {
      throw lose(name);
    }),
  ).rejects.toThrow(/^b was lost/);
  expect(disposed).toEqual(["a", "b"]);
  let runs = 0;
  const other = runOnBackends([backend("a"), backend("b")], async () => {
    runs += 1;
    throw new BackendError("broken", "mend it");
  });
  await expect(other).rejects.toThrow(/^broken/);
  expect(runs).toBe(1);
});

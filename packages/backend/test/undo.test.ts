import { undoList } from "@graftjs/backend";
import { expect, it } from "vitest";

it("runs all steps once, the last one first, and waits for each", async () => {
  const undo = undoList();
  const done: number[] = [];
  for (const i of [1, 2, 3]) undo.add(async () => done.push(await Promise.resolve(i)));
  await undo.run();
  await undo.run();
  expect(done).toEqual([3, 2, 1]);
});

it("runs all steps even if some fail, and throws the first error", async () => {
  const undo = undoList();
  const done: string[] = [];
  undo.add(() => done.push("first"));
  undo.add(() => Promise.reject(new Error("second")));
  undo.add(() => {
    throw new Error("third");
  });
  await expect(undo.run()).rejects.toThrow("third");
  expect(done).toEqual(["first"]);
});

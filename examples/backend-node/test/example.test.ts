import { expect, it } from "vitest";
import { main } from "../train.ts";

it("learns, on native TensorFlow if it is installed and on plain JavaScript otherwise", async () => {
  const { backend, losses } = await main();
  expect(["node", "cpu"]).toContain(backend);
  expect(losses).toHaveLength(4);
  expect(losses[3]).toBeLessThan((losses[0] as number) / 4);
});

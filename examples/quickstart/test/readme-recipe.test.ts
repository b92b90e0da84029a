import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openBackend } from "@graftjs/backend";
import { plugins as wasm } from "@graftjs/backend-wasm";
import { plugins as corePlugins } from "@graftjs/core";
import { plugins as frozenBn } from "@graftjs/frozen-bn";
import { plugins as surgery } from "@graftjs/gradient-surgery";
import { plugins as lars } from "@graftjs/lars";
import { createRegistry, type Recipe } from "@graftjs/registry";
import { plugins as transforms } from "@graftjs/transforms";
import { fineTune } from "@graftjs/tuner";
import { expect, it } from "vitest";
import { loadBase } from "../base.ts";
import { clean, examples } from "../data.ts";

it("runs the recipe of the repository's README unchanged", async () => {
  const readme = readFileSync(join(import.meta.dirname, "../../../README.md"), "utf8");
  const [, json = ""] = /```json\n([\s\S]*?)```/.exec(readme) ?? [];
  const recipe = JSON.parse(json) as Recipe;
  const { backends, trainable, ...composed } = await createRegistry([
    corePlugins,
    transforms,
    wasm,
    frozenBn,
    surgery,
    lars,
  ]).resolve(recipe);
  const session = await openBackend(backends);
  const { patches, hooks, rule, learningRate } = composed;
  const result = await fineTune(await loadBase(), {
    data: examples([0, 1, 2, 3, 4], { from: 0, count: 4, domain: clean }),
    loss: "categoricalCrossentropy",
    trainable: trainable ?? "all",
    ...{ patches, hooks, rule, learningRate },
    epochs: 1,
    batchSize: 4,
  });
  expect(result.steps).toBe(5);
  expect(result.plan.parameters.names).toContain("head/kernel");
  expect(result.history.loss?.[0]).toBeLessThan(1);
  result.restore();
  await session.dispose();
});

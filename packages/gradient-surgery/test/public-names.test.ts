import { readFileSync } from "node:fs";
import { plugins as corePlugins } from "@graftjs/core";
import { createRegistry } from "@graftjs/registry";
import { expect, it } from "vitest";
import * as surgery from "../src/index.ts";

it("exports these names and no others", () => {
  expect(Object.keys(surgery).sort()).toEqual([
    "aGem",
    "agc",
    "alignedMtl",
    "anchor",
    "autoRgn",
    "autoSnr",
    "averageWithStart",
    "cagrad",
    "centralize",
    "childTuning",
    "clipByBlockRms",
    "clipByGlobalNorm",
    "clipByNorm",
    "clipByValue",
    "conFig",
    "conflictReport",
    "decoupledAnchor",
    "driftCap",
    "dualProj",
    "ewc",
    "exampleMemory",
    "fisherInformation",
    "formatConflicts",
    "gem",
    "graddrop",
    "gradvac",
    "imtlG",
    "knowledgeGauge",
    "layerDecay",
    "layerDecayRates",
    "layerDepths",
    "layerScale",
    "meanGradient",
    "mgda",
    "nashMtl",
    "pcgrad",
    "plugins",
    "readWeights",
    "skipLargeUpdate",
    "upgrad",
    "watchConflicts",
    "wiseFt",
    "zclip",
  ]);
});

it("every plugin has a name in kebab-case that the README mentions, and fits into a registry with the plugins of core", () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const names = surgery.plugins.map(({ name }) => name);
  expect(names.filter((name) => !/^[a-z]+(-[a-z]+)*$/.test(name))).toEqual([]);
  expect(names.filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
  expect(createRegistry([corePlugins, surgery.plugins]).list("combiner").length).toBe(14);
});

it("a recipe takes a combiner, hooks and a wrapped rule by name, and one error lists all its problems", async () => {
  const registry = createRegistry([corePlugins, surgery.plugins]);
  const made = await registry.resolve({
    combiner: { use: "cagrad", with: { c: 0.3 } },
    hooks: ["centralize", { use: "clip-by-global-norm", with: { norm: 1 } }],
    rule: { use: "drift-cap", with: { radius: 0.1, rule: "sgd" } },
    learningRate: 0.1,
  });
  expect([made.combiner?.name, ...made.hooks.map((hook) => hook.name), made.rule.name]).toEqual([
    "cagrad",
    "centralize",
    "clip-by-global-norm",
    "drift-cap(sgd)",
  ]);
  const wrong = registry.resolve({
    combiner: { use: "cagrad", with: { c: 2 } },
    hooks: ["upgrad", { use: "clip-by-global-norm", with: { nrom: 1 } }],
    rule: "sgd",
    learningRate: 0.1,
  });
  await expect(wrong).rejects.toThrow(/`c` must be a number/);
  await expect(wrong).rejects.toThrow(/`upgrad` is a combiner, but this is the place for a hook/);
  await expect(wrong).rejects.toThrow(/Did you mean `norm`/);
});

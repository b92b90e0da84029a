// `npm start` fine-tunes a pretrained network on a new task and compares the result with stock TensorFlow.js.
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
import { compare } from "./compare.ts";
import { deltaRoundTrip } from "./delta.ts";
import { printTable } from "./table.ts";
import { digitsTask } from "./task.ts";

const started = performance.now();
const recipe = JSON.parse(readFileSync(join(import.meta.dirname, "recipe.json"), "utf8")) as Recipe;
const registry = createRegistry([corePlugins, transforms, wasm, frozenBn, surgery, lars]);
const resolved = await registry.resolve(recipe);
const backend = await openBackend(resolved.backends);
console.log(`Backend: ${backend.name} (${backend.capabilities.description})`);

const task = digitsTask(1);
const { rows, tuned } = await compare(recipe, resolved, task);
printTable(rows);
await deltaRoundTrip(tuned, task, join(import.meta.dirname, "out", "delta.safetensors"));
await backend.dispose();
console.log(`Done in ${((performance.now() - started) / 1000).toFixed(0)} s.`);
